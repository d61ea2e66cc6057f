/** What goes into an archive: one source, its name there, and the artefacts that are made of it. */
import { hostname } from 'node:os';
import { copyOf } from '../../kernel/bytes.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import {
  type ArtefactChoice,
  artefactExtensions,
  type ArtefactOptions,
} from '../../sources/database/artefact.ts';
import type {
  DatabaseAddress,
  DatabaseDriver,
  DatabaseSourceOptions,
} from '../../sources/database/driver.ts';
import { decodeEvidence, type Evidence, evidenceName, globalsName } from '../../sources/database/evidence.ts';
import { nameInPath } from '../../sources/database/name-in-path.ts';
import { readContent } from '../../sources/read-content.ts';
import type { Source } from '../../sources/source.ts';
import { splitExtension } from '../../vaults/archive/layout/extension.ts';
import type { Identity } from '../../vaults/archive/layout/layout.ts';
import { pathsIdentity } from '../../vaults/archive/layout/paths-identity.ts';
import type { ManifestSource } from '../../vaults/archive/manifest.ts';
import type { NewArtefact } from '../../vaults/archive/writer.ts';

export interface ArchiveInput {
  readonly source: ManifestSource;
  /** One after the other: each is read to its end before the next is asked for. */
  artefacts(signal: AbortSignal): AsyncIterable<NewArtefact>;
  /** asked when all was written: something is missing in it, or not whole; it is kept, and nothing goes for it */
  readonly incomplete?: () => boolean;
}

/** Ports that need not be in a name. */
const usualPorts: Readonly<Record<string, string>> = { postgres: '5432', mysql: '3306', mariadb: '3306' };

/**
 * How a database is read that several vaults take at once, archives among them (see shared-source.ts): in parts, as
 * repositories like it, where these are a dump while they pass.
 */
export function optionsForAll<Options extends Pick<DatabaseSourceOptions, 'format'>>(
  driver: DatabaseDriver,
  options: Options,
): Options {
  const asItIs = driver.inDumpOrder || isOneFile(driver) || options.format !== undefined;
  return asItIs ? options : { ...options, format: 'sql' };
}

/**
 * A database as one dump: plain SQL, pg_dump's custom format, or SQLite's own file.
 * @param shared what it is read from when other vaults read it as well, with `optionsForAll`
 */
export function databaseInput(
  driver: DatabaseDriver,
  address: DatabaseAddress,
  options: Omit<DatabaseSourceOptions, 'jobs' | 'globals'>,
  named?: Identity,
  shared?: Source,
): ArchiveInput {
  const isFile = isOneFile(driver);
  const { format = 'sql', masking } = options;
  const form = isFile ? '.db' : format === 'sql' ? '.sql' : '.dump';
  const extension = `${masking ? '.anon' : ''}${form}`;
  const identity = named ?? databaseIdentity(address);
  return {
    source: { ...identity, kind: address.folder.split('/')[1]!, paths: [address.folder] },
    async *artefacts(signal) {
      const source = shared ?? address.source({ ...options, format, globals: false });
      let evidence: Evidence | undefined;
      const dump = dumpOf(source, signal, (seen) => (evidence = seen));
      yield {
        extension,
        bytes: format === 'sql' && !isFile ? (driver.asFile?.(dump) ?? dump) : dump,
        evidence() {
          if (!evidence) throw new HoldfastError('failed', `${source.name} gives no evidence`);
          return evidence.format || isFile ? evidence : asOneFile(evidence, address.database);
        },
      };
    },
  };
}

function isOneFile({ kinds }: DatabaseDriver): boolean {
  return kinds.includes('sqlite');
}

/** What was seen of parts, told of their dump: tables have no parts of their own there, and what is the server's is not in it. */
function asOneFile(seen: Evidence, database: string): Evidence {
  const { globals: _, ...evidence } = seen;
  const name = `${nameInPath(database)}.sql`;
  const bytes = evidence.parts.reduce((sum, part) => sum + part.bytes, 0);
  const tables = evidence.tables.map((table) => ({ ...table, part: name }));
  return { ...evidence, format: 'sql', parts: [{ name, bytes }], tables };
}

/** A database as several dumps of one state. Code `usage` for kinds that have one form alone, and for choices that do not fit. */
export function artefactsInput(
  address: DatabaseAddress,
  choices: readonly ArtefactChoice[],
  options: ArtefactOptions,
  named: Identity = databaseIdentity(address),
): ArchiveInput {
  const kind = address.folder.split('/')[1]!;
  const { artefacts } = address;
  if (!artefacts) throw new HoldfastError('usage', `a database of ${kind} is dumped in one form alone`);
  artefactExtensions(choices);
  return {
    source: { ...named, kind, paths: [address.folder] },
    artefacts: (signal) => artefacts(choices, options, signal),
  };
}

/** What a stream has, under its own name. */
export function streamInput(source: Source, filename: string, host = hostname()): ArchiveInput {
  const { stem, extension } = splitExtension(filename.slice(filename.lastIndexOf('/') + 1));
  return {
    source: { host, database: stem, kind: 'stream', paths: [`/${filename.replace(/^\/+/, '')}`] },
    async *artefacts(signal) {
      for await (const { content } of source.entries(signal)) {
        yield { extension: extension === '' ? '.bin' : extension, bytes: readContent(source.name, content) };
      }
    },
  };
}

/** `db` and `shop` of `/postgres/db_5432/shop`; with the port where it is an unusual one. */
export function databaseIdentity({ folder }: Pick<DatabaseAddress, 'folder'>): Identity {
  const [, kind = '', ...rest] = folder.split('/');
  if (kind === 'sqlite') return pathsIdentity([`/${rest.join('/').replace(/\.(?:db|sqlite3?)$/, '')}`]);
  const [server = '', database = ''] = rest.map((part) => decodeURIComponent(part));
  const [, host = server, port] = /^(.*)_(\d+)$/s.exec(server) ?? [];
  // a socket's folder, as far as it tells anything
  const plain = host.startsWith('/') ? 'localhost' : host;
  return { host: port === usualPorts[kind] ? plain : `${plain}_${port}`, database };
}

async function* dumpOf(
  source: Source,
  signal: AbortSignal,
  seen: (evidence: Evidence) => void,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const { path, content } of source.entries(signal)) {
    const name = Buffer.from(path.subarray(path.lastIndexOf(0x2f) + 1)).toString();
    // others may want it
    if (name === globalsName) continue;
    const bytes = readContent(source.name, content);
    if (name === evidenceName) {
      seen(decodeEvidence(Buffer.concat(await Array.fromAsync(bytes, copyOf))));
    } else yield* bytes;
  }
}
