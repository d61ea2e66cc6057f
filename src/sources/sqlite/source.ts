/** A SQLite database in use as a source: one consistent copy of its file, and evidence of what is in it beside it. */
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { throwIfAborted } from '../../kernel/errors.ts';
import { encodeEvidence, type Evidence, evidenceName } from '../database/evidence.ts';
import type { Entry } from '../entry.ts';
import { rawPath } from '../files/path.ts';
import type { Masking } from '../masking/masking.ts';
import type { Source } from '../source.ts';
import { copyDatabase } from './consistent-copy.ts';
import { gatherEvidence, type SqliteFindings } from './evidence.ts';
import { writeMaskedCopy } from './masked-copy.ts';
import { namedAfter } from './sqlite-error.ts';

export interface SqliteSourceOptions {
  /** absolute path of the database file */
  readonly database: string;
  /** where it stands in the snapshot, absolute */
  readonly folder: string;
  /** has room for a copy of the database while it is read */
  readonly temporaryFolder: string;
  /** what is to become of personal data */
  readonly masking?: Masking | undefined;
  /** one sentence about what could not be checked */
  warn(message: string): void;
}

const pieceBytes = 1 << 20;

/**
 * Yields the database file under its own name, and evidence, when the copy has passed its check.
 * Codes `not-found`, `forbidden`, `corrupt`, `disk-full`, `interrupted`, `failed`.
 */
export function sqliteSource(options: SqliteSourceOptions): Source {
  return { name: `sqlite:${options.database}`, entries: (signal) => entries(options, signal) };
}

async function* entries(options: SqliteSourceOptions, signal: AbortSignal): AsyncIterable<Entry> {
  const { database, folder, warn } = options;
  const { masking } = options;
  await using copy = await copyDatabase(database, options.temporaryFolder, signal);
  const path = masking ? await maskedCopy(copy.path, database, masking) : copy.path;
  // looked at on another thread while it is stored
  await using gathering = gatherEvidence(path, signal);
  const { permissions, modified } = copy;
  const entry = (name: string, bytes: AsyncIterable<Uint8Array>): Entry => ({
    path: rawPath(`${folder}/${name}`),
    permissions,
    modified,
    content: { kind: 'stream', bytes },
  });
  const part = { name: partName(database), bytes: 0 };
  yield entry(
    part.name,
    readCopy(path, signal, (count) => (part.bytes += count)),
  );
  const findings = await gathering.findings.catch((error: unknown) => {
    throw namedAfter(error, path, database);
  });
  const { check } = findings.facts;
  if (check !== 'ok') warn(`the database could not be checked: ${check}`);
  const evidence = {
    ...evidenceOf(database, part, findings, permissions),
    ...(masking && { masked: { rules: masking.rules.digest } }),
  };
  yield entry(evidenceName, once(encodeEvidence(evidence)));
}

/** In the place of the copy, which is gone then. */
async function maskedCopy(copy: string, database: string, masking: Masking): Promise<string> {
  const path = `${copy}.masked`;
  try {
    await writeMaskedCopy(copy, path, masking);
  } catch (error) {
    throw namedAfter(error, copy, database);
  }
  await rm(copy);
  return path;
}

/** People look for their file under its own name. */
function partName(database: string): string {
  const name = basename(database);
  return name === evidenceName ? 'database.db' : name;
}

function evidenceOf(
  database: string,
  part: Evidence['parts'][number],
  findings: SqliteFindings,
  permissions: number,
): Evidence {
  return {
    version: 1,
    kind: 'sqlite',
    database,
    server: findings.writtenBy,
    dumpedBy: findings.readBy,
    encoding: findings.encoding,
    extensions: [],
    schema: findings.schema,
    sequences: findings.sequences,
    parts: [part],
    tables: findings.tables.map((table) => ({ ...table, part: part.name })),
    sqlite: { ...findings.facts, permissions },
  };
}

async function* readCopy(
  path: string,
  signal: AbortSignal,
  count: (bytes: number) => void,
): AsyncIterable<Uint8Array> {
  for await (const piece of createReadStream(path, { highWaterMark: pieceBytes })) {
    throwIfAborted(signal);
    count((piece as Buffer).length);
    yield piece as Buffer;
  }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
