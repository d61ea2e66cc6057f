/** What was seen while a database was backed up: a small file beside its parts, by which a restore can be judged. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { BlockChoice } from './block-size.ts';

/** The name of the file in the database's folder of a snapshot. */
export const evidenceName = 'evidence.json';

export interface Evidence {
  readonly version: 1;
  readonly kind: 'postgres';
  readonly database: string;
  readonly server: string;
  readonly dumpedBy: string;
  readonly encoding: string;
  readonly extensions: readonly { readonly name: string; readonly version: string }[];
  /** SHA-256 of the schema's parts, in hexadecimal */
  readonly schema: string;
  /** the statements that set sequences */
  readonly sequences: readonly string[];
  /** all parts in the order of the dump */
  readonly parts: readonly EvidencePart[];
}

export interface EvidencePart {
  readonly name: string;
  readonly bytes: number;
  readonly table?: TableEvidence;
}

export interface TableEvidence extends BlockChoice {
  readonly schema: string;
  readonly name: string;
  readonly rows: number;
  /** of the rows in any order, 16 hexadecimal digits */
  readonly checksum: string;
}

export function encodeEvidence(evidence: Evidence): Uint8Array {
  return Buffer.from(`${JSON.stringify(evidence, undefined, 1)}\n`);
}

/** Code `corrupt` for what is no evidence, `unsupported` for that of a later version. */
export function decodeEvidence(bytes: Uint8Array): Evidence {
  let value: Partial<Evidence> | null;
  try {
    value = JSON.parse(Buffer.from(bytes).toString()) as Partial<Evidence> | null;
  } catch (cause) {
    throw new HoldfastError('corrupt', `${evidenceName} is no JSON`, { cause });
  }
  if (value?.kind !== 'postgres' || !Array.isArray(value.parts)) {
    throw new HoldfastError('corrupt', `${evidenceName} does not tell of a PostgreSQL database`);
  }
  if (value.version !== 1) {
    throw new HoldfastError('unsupported', `${evidenceName} was written by a later version of holdfast`);
  }
  return value as Evidence;
}
