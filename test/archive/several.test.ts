/** Several vaults in one command: the source is read once, and one vault that fails stops no other. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { nodeFlags } from '../support/node-flags.ts';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { startPostgres } from '../support/postgres.ts';
import { runProgram, type RunResult } from '../support/program.ts';
import { holdfast, holdfastBin } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

type Vaults = readonly string[];

const run = (
  vaults: Vaults,
  args: readonly string[],
  {
    expect = 0,
    input = '',
    env = {},
  }: { expect?: number; input?: string; env?: Record<string, string> } = {},
): Promise<RunResult> =>
  runProgram(
    process.execPath,
    [...nodeFlags, holdfastBin, ...vaults.flatMap((vault) => ['-r', vault]), ...args, '--no-cache'],
    {
      ...{ expect, input },
      env: {
        HOLDFAST_REPOSITORY: undefined,
        RESTIC_REPOSITORY: undefined,
        HOLDFAST_PASSWORD: password,
        ...env,
      },
    },
  );

test('a stream goes to all', async (t) => {
  const folder = tempFolder(t);
  const at = (name: string): string => join(folder, name);
  await makeRepositoryFolder(at('repository'));
  const vaults = [`archive:${at('plain')}`, at('repository'), `archive:${at('second')}`];
  const stdin = ['backup', '--stdin', '--stdin-filename', 'shop.sql'];
  const text = Array.from({ length: 200_000 }, (_, i) => `row ${i}\n`).join('');
  await run(vaults, stdin, { input: text });
  for (const vault of vaults) {
    const operands = vault.startsWith('archive:') ? ['dump', 'latest'] : ['dump', 'latest', '/shop.sql'];
    assert.equal((await run([vault], operands)).stdout, text);
  }

  // a file stands where the folder of one should be
  writeFileSync(at('blocked'), '');
  const failed = await run([`archive:${at('blocked')}`, ...vaults], stdin, { input: 'later\n', expect: 1 });
  assert.match(failed.stderr, /not all of the 4 vaults have everything: .*blocked/);
  for (const vault of vaults) {
    const operands = vault.startsWith('archive:') ? ['dump', 'latest'] : ['dump', 'latest', '/shop.sql'];
    assert.equal((await run([vault], operands)).stdout, 'later\n');
  }

  // a stream that fails is nowhere
  const broken = [
    'backup',
    '--stdin-filename',
    'shop.sql',
    '--stdin-from-command',
    '--',
    'sh',
    '-c',
    'echo x; exit 3',
  ];
  await run(vaults, broken, { expect: 1 });
  for (const vault of vaults) {
    const listed = JSON.parse((await run([vault], ['snapshots', '--json'])).stdout) as unknown[];
    assert.equal(listed.length, 2, vault);
  }
});

test('files go to all', async (t) => {
  const folder = tempFolder(t);
  const at = (name: string): string => join(folder, name);
  mkdirSync(at('tree'));
  writeFileSync(at('tree/note'), 'hello');
  await makeRepositoryFolder(at('repository'));
  await run([`archive:${at('plain')}`, at('repository')], ['backup', at('tree')]);
  await run([`archive:${at('plain')}`], ['restore', 'latest', '--target', at('a')]);
  await run([at('repository')], ['restore', `latest:${at('tree')}`, '--target', at('b')]);
  assert.equal(readFileSync(at('b/note'), 'utf8'), 'hello');
  const found = await runProgram('find', [at('a'), '-name', 'note']);
  assert.equal(readFileSync(found.stdout.trim(), 'utf8'), 'hello');
});

test(
  'a database is dumped once for all',
  { skip: skipWithout('postgres15'), timeout: 120_000 },
  async (t) => {
    const folder = tempFolder(t);
    const at = (name: string): string => join(folder, name);
    const server = await startPostgres({ major: 15 });
    t.after(() => server.stop());
    await server.createDatabase('shop');
    await server.query(
      'shop',
      'create table t (id int primary key); insert into t select generate_series(1, 1000)',
    );
    await server.query('postgres', 'create database back; create database back2');
    await makeRepositoryFolder(at('repository'));
    const url = (name: string): string =>
      `postgres://${server.user}@${server.host}:${server.port}/${name}?password_env=PW`;
    const env = { HOLDFAST_POSTGRES_BIN: server.bin, PW: server.password };
    await run([`archive:${at('plain')}`, at('repository')], ['backup', url('shop')], { env });
    for (const [vault, database] of [
      [`archive:${at('plain')}`, 'back'],
      [at('repository'), 'back2'],
    ] as const) {
      await run([vault], ['restore', 'latest', '--to', url(database)], { env });
      assert.equal(await server.query(database, 'select count(*) from t'), '1000\n');
      await run([vault], ['drill', 'latest'], { env: { ...env, XDG_DATA_HOME: folder } });
    }
    const repository = holdfast({ repository: at('repository'), password });
    // in parts, as it is there by itself
    await repository.run(['dump', 'latest', '--table', 'public.t']);
  },
);
