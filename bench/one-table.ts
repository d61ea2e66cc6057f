/**
 * Restores one table out of the snapshot of a PostgreSQL database and prints how much of the repository was read for it:
 * the table has a two-thousandth of the rows of all, as 1 MB of 2 GB. Keys, index and trees of the repository count, and
 * nothing is in a cache.
 *
 *   node bench/one-table.ts [MEGABYTES of the dump, default 200]
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext } from '../src/kernel/context.ts';
import { openStoredDatabase } from '../src/operations/database/database-dump.ts';
import { postgres } from '../src/sources/postgres/driver.ts';
import { createLocalStorage } from '../src/storage/local.ts';
import { countReads } from '../test/support/counting-storage.ts';
import { makeRepository, openAgain, backUp } from '../test/support/engine.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { removeTree } from '../test/support/temp.ts';

const megabytes = Number(process.argv[2] ?? 200);
/** bytes of a row in the dump, about */
const rowBytes = 140;
const rows = Math.round((megabytes * 1e6) / rowBytes);

const server = await startPostgres({ major: 15 });
const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
try {
  await run();
} finally {
  await server.stop();
  removeTree(folder);
}

async function run(): Promise<void> {
  const random = 'md5(i::text) || md5((-i)::text) || md5((i * 7)::text) || md5((i * 13)::text) as text';
  await server.createDatabase('shop');
  await server.createDatabase('copy');
  await server.query(
    'shop',
    `create table large as select i, ${random} from generate_series(1, ${rows}) i;
     create table small as select i, ${random} from generate_series(1, ${Math.round(rows / 2000)}) i;`,
  );
  const url = (database: string): string =>
    `postgres://${server.user}@/${database}?host=${encodeURIComponent(server.socket)}&port=${server.port}`;
  const context = createContext();
  const connection = { environment: process.env, password: undefined, programs: server.bin, warn: () => {} };
  const { folder: path, source } = postgres.address(url('shop'), {});
  const at = join(folder, 'repository');
  {
    await using repository = await makeRepository(at, { chunker: 'fast' });
    const dump = source({ ...connection, modified: new Date(), stallTimeout: undefined });
    await backUp(repository, [], { what: { kind: 'source', source: dump, path } });
  }
  const storage = countReads(createLocalStorage(at));
  await using repository = await openAgain(storage);
  const stored = await openStoredDatabase(repository, { snapshot: 'latest' }, context);
  await postgres.address(url('copy'), {}).restore(stored, {
    ...{ ...connection, signal: context.signal, singleTransaction: false },
    choices: { tables: ['public.small'] },
  });
  const restored = (await server.query('copy', 'select count(*) from small')).trim();
  const { parts, tables } = stored.evidence;
  const all = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const small = parts.find(
    ({ name }) => name === tables.find((table) => table.name === 'small')!.part,
  )!.bytes;
  const share = ((100 * storage.bytesRead) / all).toFixed(2);
  console.log(`dump ${all} bytes, table ${small} bytes, ${restored} rows restored`);
  console.log(`read ${storage.bytesRead} bytes of the repository: ${share}% of the dump`);
}
