/** What a user's surroundings, and settings of roles, could make of backups of PostgreSQL and of their restores. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DatabaseServer } from '../support/database-server.ts';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { startPostgres } from '../support/postgres.ts';
import { type BackupProgram, holdfast } from '../support/restic.ts';
import { removeTree } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

describe('surroundings of PostgreSQL', { skip: skipWithout('postgres15'), timeout: 120_000 }, () => {
  let server: DatabaseServer;
  let folder: string;
  let ours: BackupProgram;

  before(async () => {
    server = await startPostgres({ major: 15 });
    folder = mkdtempSync(join(tmpdir(), 'holdfast-surroundings-'));
    const repository = join(folder, 'repository');
    await makeRepositoryFolder(repository, { chunker: 'fast' });
    const env = { HOLDFAST_PG_BIN: server.bin, HOME: folder, SECRET: server.password };
    ours = holdfast({ repository, password, env });
  });
  after(async () => {
    await server.stop();
    removeTree(folder);
  });

  it('restores mappings for all users, who are no role', async () => {
    await server.createDatabase('mapped');
    await server.query(
      'mapped',
      `create extension postgres_fdw; create server far foreign data wrapper postgres_fdw;
        create user mapping for public server far options (user 'x'); create table t (a int)`,
    );
    await ours.run(['backup', url('mapped')]);
    await ours.run(['restore', 'latest', '--to', url('mapped again'), '--create']);
    const users = await server.query('mapped again', 'select usename from pg_user_mappings');
    assert.equal(users.trim(), 'public');
    await ours.run(['drill', 'latest']);
  });

  it('restores NULL within arrays whatever a role is set to', async () => {
    await server.createDatabase('arrays');
    await server.query('arrays', `create table t (a text[]); insert into t values ('{a,NULL,b}')`);
    await ours.run(['backup', url('arrays')]);
    await server.query('arrays', `alter role ${server.user} set array_nulls = off`);
    try {
      for (const flags of [[], ['--jobs', '2'], ['--single-transaction']]) {
        const name = `arrays${flags.join('')}`;
        await ours.run(['restore', 'latest', '--to', url(`${name} again`), '--create', ...flags]);
        const isNull = await server.query(`${name} again`, 'select a[2] is null from t');
        assert.equal(isNull.trim(), 't', flags.join(' '));
      }
    } finally {
      await server.query('arrays', `alter role ${server.user} reset array_nulls`);
    }
  });

  it('goes where the URL says, and not to an address in the environment', async () => {
    await server.createDatabase('here');
    const away = `postgres://${server.user}@nowhere.invalid:${server.port}/here?password_env=SECRET`;
    const refused = await ours.run(['backup', away], { env: { PGHOSTADDR: server.host }, expect: 1 });
    assert.match(refused.stderr, /nowhere\.invalid/);
    await ours.run(['backup', url('here')], { env: { PGHOSTADDR: '192.0.2.1' } });
  });

  function url(database: string): string {
    return `postgres://${server.user}@${server.host}:${server.port}/${encodeURIComponent(database)}?password_env=SECRET`;
  }
});
