/** A server that is started for a drill, holds one database, can be reached by nobody else, and leaves nothing behind. */
import type { Masking } from '../masking/masking.ts';
import type { ConnectionOptions, Environment, StoredDatabase } from './driver.ts';
import type { Evidence } from './evidence.ts';
import type { RestoreChoices } from './restore-plan.ts';

export interface ThrowawayOptions {
  /** of this process: only what has nothing to do with databases is looked at */
  readonly environment: Environment;
  /** a folder to look for the server's programs in before all others */
  readonly programs: string | undefined;
  /** an existing folder in which the server's own one is made */
  readonly temporaryFolder: string;
  /** milliseconds that the server has to start; a minute when undefined */
  readonly startTimeout?: number | undefined;
  readonly signal: AbortSignal;
}

/** How a database is drilled. */
export interface DrillDriver {
  /**
   * Starts a server that fits the snapshot, with an empty database. Codes `missing-here` when this machine lacks what
   * it takes, `failed`, `interrupted`.
   */
  start(stored: StoredDatabase, options: ThrowawayOptions): Promise<ThrowawayServer>;
  /** True for the parts of a snapshot whose objects are compared one by one. */
  describesObjects(part: string): boolean;
  /** What a restored masked database is dumped with; absent where dumps lack what the server computes. */
  readonly masking?: (signal: AbortSignal) => Masking;
  /** True when its hash of the schema may be of something else than the snapshot has, as older versions wrote it. */
  readonly hashedOtherwise?: (evidence: Evidence) => boolean;
  /** What such a part describes, object by object. */
  objects(part: AsyncIterable<Uint8Array>): AsyncIterable<DescribedObject>;
  /** Where a dump in one file is not taken apart: what of it `objects` takes. */
  readonly gatherSchema?: () => SchemaGatherer;
  /** The evidence's hash of the schema, from such parts. */
  createSchemaHash(): { update(bytes: Uint8Array): void; digest(): string };
  /** whether the lines of a part that is neither rows nor objects are the same for the same content, and not told elsewhere */
  comparesLines(part: string): boolean;
  /** whether an object goes by this name in the dumps of other releases, too */
  hasLastingName(object: string): boolean;
  /** Of servers and programs of one release the same database is described in the same words. */
  release(version: string): string;
}

export interface SchemaGatherer {
  update(bytes: Uint8Array): void;
  /** of what has passed so far */
  text(): Uint8Array;
}

export interface DescribedObject {
  /** `VIEW public.grown` */
  readonly name: string;
  /** its definition, without what differs from run to run */
  readonly definition: string;
}

export interface ThrowawayServer extends AsyncDisposable {
  /** `PostgreSQL 15.14` */
  readonly name: string;
  /** of its one database */
  readonly url: string;
  readonly connection: Omit<ConnectionOptions, 'warn'>;
  readonly choices: RestoreChoices;
  /** what this server lacks and was made up so that the restore goes through, in sentences */
  readonly madeUp: readonly string[];
  /** Runs SQL; rows as lines, columns parted by tabs. Code `failed` with the client's own words. */
  query(sql: string): Promise<string>;
  /** What a look at the restored database finds wrong, in sentences. */
  findings(): Promise<readonly string[]>;
  /** Counts for the certificate: `constraints`, `indexes`. */
  counts(): Promise<Readonly<Record<string, number>>>;
  /** True when an error of the restore speaks of this machine and not of the snapshot. */
  isMissingHere(message: string): boolean;
  /** whether an error speaks of what a choice of tables may leave out; absent where that keeps nothing from being restored */
  readonly isLeftOut?: (message: string) => boolean;
  /** why the server is no more, asked after a failure; undefined when it still runs */
  ended(): Promise<string | undefined>;
}

/** What every program of a drill gets to see of the environment: nothing that could lead it to another server. */
export function cleanEnvironment(
  { environment }: Pick<ThrowawayOptions, 'environment'>,
  home: string,
): Record<string, string> {
  const kept = ['PATH', 'LD_LIBRARY_PATH', 'SYSTEMROOT'];
  const own = kept.flatMap((name) =>
    environment[name] === undefined ? [] : [[name, environment[name]] as const],
  );
  return { ...Object.fromEntries(own), HOME: home, TMPDIR: home, LC_ALL: 'C', TZ: 'UTC' };
}
