/** What a run is to mask with: the rules, the key, and where warnings go. */
import type { MaskingKey } from './keyed-functions.ts';
import type { MaskingRules } from './rule.ts';

export interface Masking {
  readonly rules: MaskingRules;
  readonly key: MaskingKey;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}

/** Masks the parts of one database's dump, each by itself and in any order. */
export interface PartMasker {
  /** A piece of either stream is valid until the next one is asked for. */
  mask(part: string, bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

/** Where the masked snapshots of a database stand: apart, so that no retention takes one kind for the other. */
export function maskedFolder(folder: string): string {
  return `${folder}/masked`;
}

/** The tag of snapshots that were masked while they were made. */
export const maskedTag = 'masked';
