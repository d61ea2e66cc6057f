/** What one kind of database brings: which one a URL means, how to read it, fill it, and put its dump together again. */
import type { Masking } from '../masking/masking.ts';
import type { DatabaseSample } from '../masking/table-sample.ts';
import type { Source } from '../source.ts';
import type { Artefact, ArtefactChoice, ArtefactOptions } from './artefact.ts';
import type { DatabaseKind, Evidence, LeftOutFacet, OneFileFormat } from './evidence.ts';
import type { PasswordReference } from './password-reference.ts';
import type { RestoreChoices, RestorePlan } from './restore-plan.ts';
import type { OpenScript } from './script.ts';
import type { DrillDriver } from './throwaway-server.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Folders of this kind's databases in snapshots are `/KIND/...`. */
export interface DatabaseDriver {
  /** the kinds that its evidence may tell of */
  readonly kinds: readonly DatabaseKind[];
  /** the setting that names a folder to look for the database's own programs in before all others */
  readonly programsSetting: string | undefined;
  /** what it knows of */
  readonly choices: readonly (keyof DatabaseChoices)[];
  /** what its `restore` knows of; nothing when undefined */
  readonly restoreChoices?: readonly (keyof RestoreChoices)[];
  /**
   * Which database a URL means. Code `usage`; the text of a URL is never repeated in an error.
   * @param named one of those that a server has, when the URL means all
   */
  address(url: string, environment: Environment, named?: string): DatabaseAddress;
  /** The server that a URL means, when it means all of its databases; absent where there are no servers. */
  readonly server?: (url: string) => ServerAddress | undefined;
  /** The parts of a snapshot as one stream that the database's own client takes. */
  assemble(stored: StoredDatabase): AsyncIterable<Uint8Array>;
  /** its source yields parts in the order of the dump, so that they are the dump while they pass */
  readonly inDumpOrder?: true;
  /** A dump in one file, made fit to be a file that anybody may take: as it is when absent. */
  readonly asFile?: (dump: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
  /**
   * A dump in one file as something that can be restored, once it has been read to its end. Codes `truncated`, `corrupt`.
   * @param known what was seen while it was made
   */
  readonly openFile?: (open: OpenScript, known: Evidence | undefined) => Promise<StoredDatabase>;
  /** The SQL that an archive for another of its programs means; absent where there is none. */
  readonly unpack?: (
    archive: AsyncIterable<Uint8Array>,
    options: Omit<ConnectionOptions, 'password'> & { readonly signal: AbortSignal },
  ) => AsyncIterable<Uint8Array>;
  /** Some tables of it as such a stream; absent where tables do not stand by themselves. Codes `not-found`, `usage`. */
  readonly assembleTables?: (
    stored: StoredDatabase,
    tables: readonly string[],
  ) => Promise<AsyncIterable<Uint8Array>>;
  /** The archive that another of its programs takes; absent where there is none. Code `unsupported`. */
  readonly archive?: (stored: StoredDatabase) => AsyncIterable<Uint8Array>;
  /** The scripts that its official container image runs when it starts for the first time, in their order. */
  readonly initdb?: (stored: StoredDatabase) => readonly DumpFile[];
  /**
   * The same database with masked parts; undefined for kinds that cannot be masked. Code `usage`, before a row is read,
   * for rules that do not fit.
   */
  readonly mask?: (stored: StoredDatabase, masking: Masking) => Promise<StoredDatabase>;
  /** what rules of masking are proposed from; undefined for kinds that cannot be masked */
  readonly sample?: (stored: StoredDatabase) => Promise<DatabaseSample>;
  /** how it is drilled, loaded when it is; undefined for kinds that cannot be */
  readonly drill?: () => Promise<DrillDriver>;
}

export interface DatabaseAddress {
  /** its name, for messages */
  readonly database: string;
  /** where it stands in snapshots, absolute */
  readonly folder: string;
  /** what the URL says of a password */
  readonly password: PasswordReference | undefined;
  source(options: DatabaseSourceOptions): Source;
  /** Several dumps of one state, in the order of the choices; absent where there is one form alone. Code `usage`. */
  readonly artefacts?: (
    choices: readonly ArtefactChoice[],
    options: ArtefactOptions,
    signal: AbortSignal,
  ) => AsyncIterable<Artefact>;
  /** the same as the driver's `sample`, of the live database */
  readonly sample?: (
    options: ConnectionOptions & { readonly signal: AbortSignal },
  ) => Promise<DatabaseSample>;
  /**
   * Fills it from a snapshot, once `proceed` agrees. Codes `exists` when it is not empty, `failed` with the client's own
   * words.
   */
  restore(stored: StoredDatabase, options: DatabaseTargetOptions): Promise<void>;
}

export interface ServerAddress {
  /** what the URL says of a password */
  readonly password: PasswordReference | undefined;
  /** The names of those that may be entered, in order. Code `not-found` when a pattern matches none, or none is left. */
  databases(names: DatabaseNames, options: ServerOptions): Promise<readonly string[]>;
}

/** Patterns of names: which databases of a server are taken, all without any. */
export interface DatabaseNames {
  readonly databases: readonly string[];
  readonly excludeDatabases: readonly string[];
}

export interface ServerOptions extends Omit<ConnectionOptions, 'warn'> {
  /** milliseconds without a byte after which the server is taken for stuck */
  readonly stallTimeout: number | undefined;
  readonly signal: AbortSignal;
}

export interface DumpFile {
  readonly name: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** A database of a snapshot: what was seen of it, and its parts by their names there. */
export interface StoredDatabase {
  readonly evidence: Evidence;
  /** a piece is valid until the next one is asked for; code `corrupt` for a part that is lost */
  read(part: string): AsyncIterable<Uint8Array>;
  /** parts that the snapshot lacks or has cut short: tables that need none of them can be taken all the same */
  readonly lost?: ReadonlySet<string>;
  /** gives back what it holds outside of memory; absent where that is nothing */
  readonly close?: () => Promise<void>;
}

export interface ConnectionOptions {
  readonly environment: Environment;
  /** undefined to leave it to the database's own programs */
  readonly password: string | undefined;
  /** a folder to look for the database's own programs in before all others */
  readonly programs: string | undefined;
  readonly warn: (message: string) => void;
}

/** Patterns of names: what is taken of a database, all without any. */
export interface TableChoices {
  readonly tables?: readonly string[];
  readonly excludeTables?: readonly string[];
  readonly schemas?: readonly string[];
  readonly excludeSchemas?: readonly string[];
  /** tables that are taken without their rows */
  readonly excludeTableData?: readonly string[];
}

/** What a user may choose of a backup; a kind of database need not know all of it. */
export interface DatabaseChoices extends TableChoices {
  /** take along what belongs to the server and to none of its databases: roles, tablespaces; true by default */
  readonly globals?: boolean;
  /** one file instead of parts */
  readonly format?: OneFileFormat;
  /** connections that read at once */
  readonly jobs?: number;
}

export interface DatabaseSourceOptions extends ConnectionOptions, DatabaseChoices {
  /** what is to become of personal data; undefined: it is backed up as it is */
  readonly masking?: Masking | undefined;
  /** what definitions are dumped without; a kind of database need not know it */
  readonly without?: readonly LeftOutFacet[] | undefined;
  readonly modified: Date;
  /** milliseconds without a byte after which the server is taken for stuck */
  readonly stallTimeout: number | undefined;
  /** told what of the database itself the dump lacks because the user may not see it; a warning when absent */
  readonly leftOut?: (message: string) => void;
}

export interface DatabaseTargetOptions extends ConnectionOptions {
  /** all or nothing */
  readonly singleTransaction: boolean;
  readonly signal: AbortSignal;
  readonly choices?: RestoreChoices;
  /** told what would be done before anything is; nothing is done when it answers false */
  readonly proceed?: (plan: RestorePlan) => Promise<boolean>;
}
