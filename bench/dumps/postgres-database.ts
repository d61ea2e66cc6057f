/** The rows in a PostgreSQL of the benchmark's own. */
import { join } from 'node:path';
import type { DatabaseServer } from '../../test/support/database-server.ts';
import { startPostgres } from '../../test/support/postgres.ts';
import { type DumpDatabase, neighbours, rowBytes, tables, words } from './database.ts';

const database = 'shop';
/** rows that one statement makes: it ends well before anybody takes it for stuck */
const batch = 2_000_000;

/** A night of the server: no vacuum comes between, so that runs can be repeated. */
const settings = {
  autovacuum: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '8GB',
  shared_buffers: '256MB',
};

/** Starts the server and fills it with about so many bytes of dump. */
export async function startPostgresDatabase(bytes: number): Promise<DumpDatabase> {
  const server = await startPostgres({ major: 15, settings });
  try {
    return await fill(server, Math.ceil(bytes / rowBytes / tables.length));
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function fill(server: DatabaseServer, count: number): Promise<DumpDatabase> {
  await server.createDatabase(database);
  const query = (sql: string) => server.query(database, sql);
  const version = (await query('show server_version')).trim().split(' ')[0];
  let rows = 0;
  let night = 0;
  await query(helpers);
  for (const table of tables) await query(`create table ${table} (${columns})`);
  await insert(count);
  for (const table of tables) {
    await query(
      `alter table ${table} add primary key (id); create index on ${table} (created); vacuum ${table}`,
    );
  }
  await query('checkpoint');

  async function insert(more: number): Promise<void> {
    const [first, last] = [rows + 1, rows + more];
    for (const [at, table] of tables.entries()) {
      for (let from = first; from <= last; from += batch) {
        await query(
          `insert into ${table} select * from made(${from}, ${Math.min(last, from + batch - 1)}, ${at})`,
        );
      }
    }
    rows = last;
  }

  async function change(where: (seed: number) => string): Promise<void> {
    night++;
    for (const [at, table] of tables.entries()) {
      const seed = night * 16 + at;
      await query(
        `update ${table} t set (note, balance) = (select note, balance from made(t.id, t.id, ${seed}))
           where ${where(seed)}`,
      );
    }
  }

  const env = { ...server.env, PGDATABASE: database };
  return {
    kind: 'postgres',
    server: `PostgreSQL ${version}`,
    url: `postgres://${server.user}@/${database}?host=${encodeURIComponent(server.socket)}&port=${server.port}`,
    env: { ...env, HOLDFAST_POSTGRES_BIN: server.bin },
    dump: { argv: [join(server.bin, 'pg_dump'), '--format=plain'], env },
    append: (share) => insert(Math.round(rows * share)),
    changeNeighbours: (share) => change(() => `t.id between ${neighbours(rows, share, night).join(' and ')}`),
    changeScattered: (share) =>
      change((seed) => `hashint8extended(t.id, ${seed}) & 1048575 < ${Math.round(share * 1_048_576)}`),
    stop: () => server.stop(),
  };
}

const columns = `id bigint, email text, name text, created timestamp, token text, balance numeric(10, 2), note text`;

const helpers = `
create function made(first bigint, last bigint, seed bigint)
returns table (id bigint, email text, name text, created timestamp, token text, balance numeric, note text)
language sql stable as $$
  select i, w[a & 255] || '.' || w[a >> 8 & 255] || i || '@' || w[i % 32] || '.example.org',
    initcap(w[a & 255]) || ' ' || initcap(w[a >> 8 & 255]),
    timestamp '2020-01-01' + i * interval '7.3 seconds' + (a >> 16 & 1023) * interval '1 ms',
    md5(a::text), ((b & 1048575) / 100.0)::numeric(10, 2),
    w[b >> 4 & 255] || ' ' || w[b >> 12 & 255] || ' ' || w[b >> 20 & 255] || ' ' || w[b >> 28 & 255] || ' ' ||
    w[b >> 36 & 255] || ' ' || w[b >> 44 & 255] || ' ' || w[b >> 52 & 255]
  from generate_series(first, last) i,
    lateral (select hashint8extended(i, seed % 16) as a, hashint8extended(i, 1000 + seed) as b) r,
    (select '[0:255]={${words.join(',')}}'::name[] as w) v
$$;`;
