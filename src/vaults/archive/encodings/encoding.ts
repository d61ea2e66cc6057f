/** What an archive's bytes pass through on their way to a storage and back, and how a file's name tells of it. */

export interface Encoding {
  readonly name: EncodingName;
  readonly extension: EncodingExtension;
  /** false: what is decoded is done with when `decode` asks for more */
  readonly keepsInput?: false;
  /**
   * The encoded bytes. What is taken from `bytes` is used before more is asked for, and a piece that is given stays as
   * it is. Throws what `bytes` throws; `interrupted`.
   */
  encode(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /**
   * The bytes that were encoded, checked to the last one: an error may come after everything was given, and until the
   * end nothing that was given is sure. Codes: `corrupt`, `truncated` when the end is missing, `unsupported` when the
   * format allows what we cannot read, `usage` when no key is at hand, `wrong-password` when those at hand do not open
   * it, `interrupted`.
   */
  decode(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** In the order in which they may be stacked: at most one that compresses, then at most one that encrypts. */
export const encodingKinds = {
  gzip: { extension: '.gz', encrypts: false },
  lz4: { extension: '.lz4', encrypts: false },
  zstd: { extension: '.zst', encrypts: false },
  openpgp: { extension: '.gpg', encrypts: true },
  age: { extension: '.age', encrypts: true },
} as const;

export type EncodingName = keyof typeof encodingKinds;
export type EncodingExtension = (typeof encodingKinds)[EncodingName]['extension'];

/** All names, for messages and for those who validate settings. */
export const encodingNames = Object.keys(encodingKinds) as readonly EncodingName[];

/**
 * What a file's name says it was encoded with, in the order of encoding, and the name without that: `a.sql.lz4.gpg` is
 * `a.sql`, through lz4 and then openpgp. Only what can be stacked so is taken: of `a.gz.gz` the first `.gz` stays.
 */
export function encodingsOfName(fileName: string): {
  readonly plainName: string;
  readonly encodings: readonly EncodingName[];
} {
  const encodings: EncodingName[] = [];
  let plainName = fileName;
  for (;;) {
    const found = encodingNames.find((name) => plainName.endsWith(encodingKinds[name].extension));
    if (found === undefined || faultOfStack([found, ...encodings]) !== undefined) break;
    const shorter = plainName.slice(0, -encodingKinds[found].extension.length);
    if (shorter === '' || shorter.endsWith('/')) break;
    plainName = shorter;
    encodings.unshift(found);
  }
  return { plainName, encodings };
}

/** Why these cannot be stacked in this order, in one sentence; undefined when they can. */
export function faultOfStack(names: readonly EncodingName[]): string | undefined {
  let compressed: EncodingName | undefined;
  let encrypted: EncodingName | undefined;
  for (const name of names) {
    const { encrypts } = encodingKinds[name];
    if (encrypts && encrypted) {
      return `${name} after ${encrypted}: encrypting twice makes nothing safer, and what opens it needs both keys`;
    }
    if (!encrypts && encrypted) {
      return `${name} after ${encrypted}: what is encrypted cannot be compressed, so compress before`;
    }
    if (!encrypts && compressed)
      return `${name} after ${compressed}: compressing twice makes nothing smaller`;
    if (encrypts) encrypted = name;
    else compressed = name;
  }
  return undefined;
}
