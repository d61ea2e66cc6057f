/** A SQLite database for a drill: a file in a folder of its own. There is no server, and it is treated as if there were one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import { fromNodeError } from '../../kernel/native/system-error.ts';
import type { StoredDatabase } from '../database/driver.ts';
import {
  cleanEnvironment,
  type DrillDriver,
  type ThrowawayOptions,
  type ThrowawayServer,
} from '../database/throwaway-server.ts';
import { needsExtension, sqliteError } from './sqlite-error.ts';

export const sqliteDrill: DrillDriver = {
  start: makeThrowawayFile,
  // a hash of all of the schema is in the evidence
  describesObjects: () => false,
  async *objects() {},
  createSchemaHash: () => ({ update() {}, digest: () => '' }),
  // the copy of a copy has the same content in other bytes
  comparesLines: () => false,
  hasLastingName: () => true,
  release: (version) => /^\d+/.exec(version)?.[0] ?? version,
};

async function makeThrowawayFile(
  { evidence }: StoredDatabase,
  options: ThrowawayOptions,
): Promise<ThrowawayServer> {
  const parent = options.temporaryFolder;
  const folder = await mkdtemp(join(parent, 'holdfast-drill-')).catch((error: unknown) => {
    throw fromNodeError('create a folder in', Buffer.from(parent), error);
  });
  const path = join(folder, basename(evidence.database));
  return {
    name: `SQLite ${process.versions.sqlite!}`,
    url: `sqlite:${path}`,
    connection: { environment: cleanEnvironment(options, folder), password: undefined, programs: undefined },
    choices: {},
    madeUp: [],
    query: async (sql) => ask(path, sql),
    async findings() {
      try {
        const problems = ask(path, 'pragma integrity_check(20)').trimEnd().split('\n');
        return problems[0] === 'ok' ? [] : problems;
      } catch (error) {
        if (needsExtension(error instanceof HoldfastError ? error.cause : error)) return [];
        throw error;
      }
    },
    async counts() {
      const [indexes] = ask(path, "select count(*) from sqlite_schema where type = 'index'").split('\n');
      return { indexes: Number(indexes) };
    },
    isMissingHere: (message) => /no such (?:collation|function|module)|has no room on the disk/.test(message),
    ended: async () => undefined,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

type Value = null | bigint | number | string | Uint8Array;

/** Rows as lines, columns parted by tabs, as sqlite3 shows them; blobs in hexadecimal. */
function ask(path: string, sql: string): string {
  try {
    const database = new DatabaseSync(path);
    try {
      const statement = database.prepare(sql);
      statement.setReturnArrays(true);
      statement.setReadBigInts(true);
      const rows = statement.all() as unknown as Value[][];
      return rows.map((row) => `${row.map(shown).join('\t')}\n`).join('');
    } finally {
      database.close();
    }
  } catch (error) {
    const known = sqliteError(error, path);
    const code = known instanceof HoldfastError ? known.code : 'failed';
    throw new HoldfastError(code, messageOf(known).replace(`${path}: `, ''), { cause: error });
  }
}

function shown(value: Value): string {
  if (value === null) return '';
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
}
