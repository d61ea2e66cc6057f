/** The one function of sodium-native that is used; the package brings no types. */
declare module 'sodium-native' {
  const sodium: { crypto_onetimeauth(out: Uint8Array, input: Uint8Array, key: Uint8Array): void };
  export default sodium;
}
