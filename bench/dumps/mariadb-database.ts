/** The rows in a MariaDB of the benchmark's own. */
import { join } from 'node:path';
import type { DatabaseServer } from '../../test/support/database-server.ts';
import { startMariadb } from '../../test/support/mariadb.ts';
import { type DumpDatabase, neighbours, rowBytes, tables, words } from './database.ts';

const database = 'shop';
/** rows that one statement makes: it ends well before anybody takes it for stuck */
const batch = 1_000_000;
/** INSERT, quotes and commas around a row, bytes */
const statementBytes = 48;

const settings = { 'innodb-buffer-pool-size': '512M', 'innodb-log-file-size': '512M' };

interface MariadbDatabase extends DumpDatabase {
  query(sql: string): Promise<string>;
}

/** Starts the server and fills it with about so many bytes of dump. */
export async function startMariadbDatabase(bytes: number): Promise<MariadbDatabase> {
  const server = await startMariadb({ settings });
  try {
    return await fill(server, Math.ceil(bytes / (rowBytes + statementBytes) / tables.length));
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** The same, and a table that lets none of the rows be copied: they have to be dumped letter by letter. */
export async function startMariadbDatabaseInLetters(bytes: number): Promise<DumpDatabase> {
  const database = await startMariadbDatabase(bytes);
  await database.query('create table old (name varchar(20) character set latin1)');
  return { ...database, server: `${database.server}, a table in Latin-1 beside the others` };
}

async function fill(server: DatabaseServer, count: number): Promise<MariadbDatabase> {
  await server.createDatabase(database);
  const query = (sql: string) => server.query(database, sql);
  const version = (await query('select version()')).split('-')[0]!.trim();
  let rows = 0;
  let night = 0;
  for (const table of tables) await query(`create table ${table} (${columns})`);
  await insert(count);

  async function insert(more: number): Promise<void> {
    const [first, last] = [rows + 1, rows + more];
    for (const [at, table] of tables.entries()) {
      for (let from = first; from <= last; from += batch) {
        const ids = `seq_${from}_to_${Math.min(last, from + batch - 1)}`;
        await query(`insert into ${table} select ${values(at)} from (${numbers('seq', at)} from ${ids}) r`);
      }
    }
    rows = last;
  }

  async function change(where: (seed: number) => string): Promise<void> {
    night++;
    for (const [at, table] of tables.entries()) {
      const seed = night * 16 + at;
      await query(
        `update ${table} t join (${numbers('id', seed)} from ${table} where ${where(seed)}) r on r.i = t.id
           set t.note = ${note}, t.balance = (r.b & 1048575) / 100`,
      );
    }
  }

  const url = `mariadb://${server.user}@/${database}?socket=${encodeURIComponent(server.socket)}`;
  const login = [`--user=${server.user}`, `--socket=${server.socket}`];
  const env = { MYSQL_PWD: server.password };
  return {
    kind: 'mariadb',
    server: `MariaDB ${version}`,
    url,
    env,
    dump: { argv: [join(server.bin, 'mariadb-dump'), ...login, '--single-transaction', database], env },
    query,
    append: (share) => insert(Math.round(rows * share)),
    changeNeighbours: (share) => change(() => `id between ${neighbours(rows, share, night).join(' and ')}`),
    changeScattered: (share) =>
      change((seed) => `crc32(concat(id, ':', ${seed})) & 1048575 < ${Math.round(share * 1_048_576)}`),
    stop: () => server.stop(),
  };
}

const columns = `id bigint primary key, email varchar(100), name varchar(100), created datetime, token char(32),
  balance decimal(10, 2), note varchar(200)`;

/** The id and the random numbers that a row is made of. */
const numbers = (id: string, seed: number): string =>
  `select ${id} as i, crc32(concat(${id}, 'a', ${seed % 16})) as a,
    crc32(concat(${id}, 'b', ${seed})) | crc32(concat(${id}, 'c', ${seed})) << 32 as b`;

const word = (number: string): string =>
  `elt(1 + (${number} & 255), ${words.map((each) => `'${each}'`).join(', ')})`;
const note = `concat_ws(' ', ${[4, 12, 20, 28, 36, 44, 52].map((bit) => word(`r.b >> ${bit}`)).join(', ')})`;

const values = (seed: number): string =>
  `r.i, concat(${word('r.a')}, '.', ${word('r.a >> 8')}, r.i, '@', ${word('r.i % 32')}, '.example.org'),
    concat(${word('r.a')}, ' ', ${word('r.a >> 8')}), '2020-01-01' + interval r.i * 7 second,
    md5(concat(r.i, ${seed})), (r.b & 1048575) / 100, ${note}`;
