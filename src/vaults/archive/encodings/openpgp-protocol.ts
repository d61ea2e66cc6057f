/** The messages between openpgp.ts and its worker: each side asks the other for the next block. */

export type OpenpgpWork =
  | { readonly kind: 'encrypt'; /** binary */ readonly certificates: readonly Uint8Array[] }
  | {
      readonly kind: 'decrypt';
      /** binary, and no longer locked */ readonly privateKeys: readonly Uint8Array[];
    };

export type OpenpgpRequest = 'more';

export interface OpenpgpAnswer {
  /** undefined at the end */
  readonly block?: Uint8Array;
}
