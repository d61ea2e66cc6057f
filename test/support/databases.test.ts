/** Each database server starts, takes a row, gives it back through its own clients, and leaves nothing behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { DatabaseServer } from './database-server.ts';
import { startMariadb } from './mariadb.ts';
import { startMysql } from './mysql.ts';
import { startPostgres } from './postgres.ts';
import { runProgram } from './program.ts';
import { removeTree } from './temp.ts';
import { skipWithout, type Tool } from './tools.ts';

interface Case {
  readonly tool: Tool;
  readonly start: () => Promise<DatabaseServer>;
  /** answers what the server calls itself */
  readonly versionQuery: string;
  readonly version: RegExp;
  /** the dump program with its arguments */
  readonly dump: (server: DatabaseServer, database: string) => [string, string[]];
}

const postgres = (major: 15 | 18): Case => ({
  tool: `postgres${major}`,
  start: () => startPostgres({ major, settings: { max_connections: '37' } }),
  versionQuery: "select current_setting('server_version') || ' ' || current_setting('max_connections')",
  version: new RegExp(`^${major}\\..* 37$`, 'm'),
  dump: (server, database) => ['pg_dump', ['-h', server.host, '-d', database]],
});

const mysql = (program: string, tool: Tool, start: Case['start'], version: RegExp): Case => ({
  tool,
  start,
  versionQuery: 'select concat(version(), " ", @@max_connections)',
  version,
  dump: (server, database) => [
    program,
    [
      '--no-defaults',
      '-uroot',
      '-h',
      server.host,
      '-P',
      String(server.port),
      '--single-transaction',
      database,
    ],
  ],
});

const settings = { 'max-connections': '37' };
const cases = [
  postgres(15),
  postgres(18),
  mysql('mariadb-dump', 'mariadb', () => startMariadb({ settings }), /^10\.11\..*MariaDB.* 37$/m),
  mysql('mysqldump', 'mysql9', () => startMysql({ settings }), /^9\..* 37$/m),
];

for (const one of cases) {
  describe(`the test's own ${one.tool}`, { skip: skipWithout(one.tool) }, () => {
    let server: DatabaseServer;
    before(async () => {
      server = await one.start();
    });
    after(async () => {
      await server?.stop();
      assert.equal(existsSync(server.socket), false);
      await assert.rejects(reach(server.port));
    });

    it('is the wanted version and took its settings', async () => {
      const database = one.tool.startsWith('postgres') ? 'postgres' : 'mysql';
      assert.match(await server.query(database, one.versionQuery), one.version);
    });

    it('gives back what it was given', async () => {
      const name = 'größe "x" `y`';
      await server.createDatabase(name);
      await server.query(
        name,
        "create table t (id int primary key, v text); insert into t values (1, 'Zoë'), (2, null)",
      );
      assert.match(await server.query(name, 'select id, v from t order by id'), /^1\tZoë\n2\t(NULL)?\n$/);
      await assert.rejects(server.query(name, 'select * from missing'), /missing/);
    });

    it('lets its own dump program in by TCP, with the password', async () => {
      await server.createDatabase('dumped');
      await server.query('dumped', "create table t (v text); insert into t values ('found in the dump')");
      const [program, args] = one.dump(server, 'dumped');
      const { stdout } = await runProgram(join(server.bin, program), args, { env: server.env });
      assert.match(stdout, /found in the dump/);
      const env = { ...server.env, PGPASSWORD: 'wrong', MYSQL_PWD: 'wrong' };
      const refused = await runProgram(join(server.bin, program), args, { env, expect: 'any' });
      assert.notEqual(refused.status, 0);
      assert.match(refused.stderr, /password/);
    });

    it('can be killed', async () => {
      await server.kill();
      await assert.rejects(reach(server.port));
    });
  });
}

it('dies with the test that started it', { skip: skipWithout('mariadb') }, async () => {
  const code = `
    import { startMariadb } from ${JSON.stringify(new URL('./mariadb.ts', import.meta.url).href)};
    const server = await startMariadb();
    console.log(JSON.stringify({ port: server.port, socket: server.socket }));
  `;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const server = JSON.parse(line.toString()) as { port: number; socket: string };
  await reach(server.port);
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
  for (let tries = 0; await isReachable(server.port); tries++) {
    assert.ok(tries < 100, 'the server lives on');
    await pause(50);
  }
  removeTree(dirname(server.socket));
});

async function reach(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
}

function isReachable(port: number): Promise<boolean> {
  return reach(port).then(
    () => true,
    () => false,
  );
}
