/** What was seen while a database was backed up: a small file beside its parts, by which a restore can be judged. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { BlockChoice } from './block-size.ts';
import type { TableChoices } from './driver.ts';

/** The name of the file in the database's folder of a snapshot. */
export const evidenceName = 'evidence.json';
/** The file of what belongs to the server there; no part of the dump of the database itself. */
export const globalsName = 'globals.sql';

const kinds = ['postgres', 'mysql', 'mariadb', 'sqlite'] as const;
export type DatabaseKind = (typeof kinds)[number];

export interface Evidence {
  readonly version: 1;
  readonly kind: DatabaseKind;
  readonly database: string;
  /** versions, as the server and the program tell them */
  readonly server: string;
  readonly dumpedBy: string;
  readonly encoding: string;
  /** how it sorts and tells letters apart, where the kind has that by database */
  readonly locale?: DatabaseLocale;
  readonly extensions: readonly { readonly name: string; readonly version: string }[];
  /** SHA-256 of the schema's parts, in hexadecimal */
  readonly schema: string;
  /** the statements that set sequences */
  readonly sequences: readonly string[];
  /** all parts in the order of the dump */
  readonly parts: readonly EvidencePart[];
  /**
   * the dump is one file in this format instead of parts, from which no table can be taken by itself; of the custom one
   * nothing is known but its size
   */
  readonly format?: OneFileFormat;
  /** which tables were asked for, when it was not all */
  readonly choices?: TableChoices;
  /** what belongs to the server and to none of its databases, which is no part of the dump: roles, tablespaces */
  readonly globals?: EvidenceGlobals;
  readonly tables: readonly TableEvidence[];
  /** what the dump was told to leave out of the definitions */
  readonly without?: readonly LeftOutFacet[];
  /** how the rows were masked while they passed, of which all else here tells */
  readonly masked?: {
    /** SHA-256 of the rules */
    readonly rules: string;
    /** `schema` is of the masked programs; where this is absent, MySQL's may be of those before masking */
    readonly programs?: true;
  };
  /** sentences: what the dump lacks because its user may not see it */
  readonly leftOut?: readonly string[];
  /** of a SQLite database alone */
  readonly sqlite?: SqliteFacts;
}

export interface SqliteFacts {
  /** of its file */
  readonly permissions: number;
  /** `ok` of PRAGMA quick_check; or why it could not be asked */
  readonly check: string;
  readonly pageSize: number;
  readonly pages: number;
  readonly journal: 'wal' | 'rollback';
  readonly applicationId: number;
  readonly userVersion: number;
  /** their rows are those of their shadow tables, or lie outside of the database */
  readonly virtualTables: readonly string[];
}

export interface DatabaseLocale {
  /** `libc`, `icu`, `builtin` */
  readonly provider: string;
  readonly collate: string;
  readonly ctype: string;
  /** of providers other than libc */
  readonly locale?: string;
  readonly icuRules?: string;
}

/** who owns what, and who may do what */
export type LeftOutFacet = 'owner' | 'privileges';

/** `sql` is plain and for psql, `custom` is for pg_restore */
export type OneFileFormat = 'sql' | 'custom';

export interface EvidencePart {
  readonly name: string;
  readonly bytes: number;
}

export interface EvidenceGlobals extends EvidencePart {
  /** whether roles have the hashes of their passwords */
  readonly passwords: boolean;
}

export interface TableEvidence extends Partial<BlockChoice> {
  /** empty where databases have no schemas */
  readonly schema: string;
  readonly name: string;
  /** the part that has its rows */
  readonly part: string;
  readonly rows: number;
  /** of the table without its indexes, where its rows are not a part by themselves */
  readonly bytes?: number;
  /** of the rows in any order, 16 hexadecimal digits */
  readonly checksum: string;
  /** of MySQL and MariaDB: where the table lives, and the number that the next row gets */
  readonly engine?: string;
  readonly autoIncrement?: string;
  /** of MariaDB: its rows hold times that a server sets anew when they are loaded */
  readonly rowTimes?: true;
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
  if (value?.version !== undefined && value.version !== 1) {
    throw new HoldfastError('unsupported', `${evidenceName} was written by a later version of holdfast`);
  }
  if (
    !kinds.includes(value?.kind as DatabaseKind) ||
    !Array.isArray(value?.parts) ||
    !Array.isArray(value.tables)
  ) {
    throw new HoldfastError('corrupt', `${evidenceName} does not tell of a database`);
  }
  return value as Evidence;
}
