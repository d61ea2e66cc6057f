/** docs/archives-postgres.md is true: its configuration and every command on it, on a real PostgreSQL and a real S3. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { newUser } from '../cli/run.ts';
import { nodeFlags } from '../support/node-flags.ts';
import type { DatabaseServer } from '../support/database-server.ts';
import { startMinio } from '../support/minio.ts';
import { startPostgres } from '../support/postgres.ts';
import { runProgram, type RunResult } from '../support/program.ts';
import { holdfastBin } from '../support/restic.ts';
import type { S3Server } from '../support/s3-server.ts';
import { skipWithout, toolPath } from '../support/tools.ts';

const page = readFileSync(new URL('../../docs/archives-postgres.md', import.meta.url), 'utf8');

const content = `
  create role "infinite-prod"; create role "infinite-staging";
  create role backup login password 'backup-secret'; grant pg_read_all_data to backup;
  create schema "infinite-prod" authorization "infinite-prod";
  create schema "infinite-staging" authorization "infinite-staging";
  set role "infinite-prod"; set search_path = "infinite-prod";
  create table users (id int generated always as identity primary key, email text, name text);
  create table events (id int primary key, note text, seen timestamptz default now());
  insert into users (email, name) select 'person' || i || '@industries.org', 'Person ' || i from generate_series(1, 2000) i;
  insert into events (id, note) select i, 'ask organiser' || i || '@venue.net, or come' from generate_series(1, 5000) i;
  grant select on events to "infinite-staging";
  reset role; create table "infinite-staging".users (email text);
`;
const facts = `set search_path = "infinite-prod"; select count(*), sum(id) from users union all select count(*), sum(id) from events`;
const addresses = `
  set search_path = "infinite-prod";
  select distinct (regexp_matches(t, '[a-z0-9.]+@[a-z.]+', 'g'))[1] from (select email t from users union all select note from events) x`;

/** Code blocks of a language, in their order. */
function blocks(language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(
    (match) => match[1]!,
  );
}

describe(
  'the page about PostgreSQL in archives',
  { skip: skipWithout('postgres15', 'minio', 'aws'), timeout: 240_000 },
  () => {
    let server: DatabaseServer;
    let s3: S3Server;
    const user = newUser({ after });
    let expected: string;

    /** The page's own names, as they are here. */
    const here = (text: string): string =>
      text
        .replaceAll('https://s3.example.org', s3.endpoint)
        .replaceAll('@db.example.org/', `@127.0.0.1:${server.port}/`)
        .replaceAll('postgres://localhost/', `postgres://postgres@127.0.0.1:${server.port}/`);

    before(async () => {
      [server, s3] = await Promise.all([startPostgres({ major: 15 }), startMinio()]);
      await server.createDatabase('infinite');
      await server.query('infinite', content);
      expected = await server.query('infinite', facts);
      const at = (...names: string[]): string => join(user.home, ...names);
      mkdirSync(at('.config', 'holdfast'), { recursive: true });
      mkdirSync(at('bin'));
      const [settings, rules] = blocks('yaml');
      writeFileSync(at('.config', 'holdfast', 'holdfast.yaml'), here(settings!));
      writeFileSync(at('.config', 'holdfast', 'db-password'), 'backup-secret\n');
      writeFileSync(at('anonymous.yaml'), rules!);
      const script = (name: string, line: string): void => {
        writeFileSync(at('bin', name), `#!/bin/sh\n${line}\n`);
        chmodSync(at('bin', name), 0o755);
      };
      script('holdfast', `exec "${process.execPath}" ${nodeFlags.join(' ')} "${holdfastBin}" "$@"`);
      script('aws', `exec "${toolPath('aws')}" --endpoint-url "${s3.endpoint}" "$@"`);
      // the other machine is this one
      script('scp', `exec cp -L "$HOME/\${1#*:}" "$2"`);
      await sh('aws s3 mb s3://infinite-industries-backups');
    });
    after(async () => {
      await Promise.all([server?.stop(), s3?.stop()]);
    });

    function sh(script: string, expect: number | 'any' = 0): Promise<RunResult> {
      return runProgram('bash', ['-euo', 'pipefail', '-c', here(script)], {
        cwd: user.home,
        expect,
        env: {
          ...user.env,
          ...server.env,
          PATH: `${join(user.home, 'bin')}:${server.bin}:${process.env['PATH']}`,
          HOLDFAST_POSTGRES_BIN: server.bin,
          AWS_ACCESS_KEY_ID: s3.accessKey,
          AWS_SECRET_ACCESS_KEY: s3.secretKey,
          AWS_DEFAULT_REGION: s3.region,
          // the real one is found through pyenv's shims on some machines
          ...(process.env['PYENV_ROOT'] && { PYENV_ROOT: process.env['PYENV_ROOT'] }),
        },
      });
    }

    /** The block with this in it, run. */
    async function run(part: string): Promise<RunResult> {
      const found = blocks('sh').filter((block) => block.includes(part));
      assert.equal(found.length, 1, `one block with ${part}`);
      return sh(found[0]!);
    }

    async function assertRestored(database: string, masked: boolean): Promise<void> {
      assert.equal(await server.query(database, facts), expected);
      const found = (await server.query(database, addresses)).trim().split('\n');
      if (masked) assert.deepEqual(found, ['nobody@example.com']);
      else assert.equal(found.length, 7000);
      const schemas = await server.query(
        database,
        `select nspname from pg_namespace where nspname like 'infinite%'`,
      );
      assert.equal(schemas, 'infinite-prod\n');
    }

    it('one run writes the three files to both vaults', async () => {
      await run('holdfast run nightly');
      const [night] = readdirSync(join(user.home, 'backups')).filter((name) =>
        name.endsWith('Z_infinite-prod'),
      );
      const files = readdirSync(join(user.home, 'backups', night!)).toSorted();
      const names = ['infinite-prod.anon.sql.gz', 'infinite-prod.dump', 'infinite-prod.sql.gz'];
      assert.deepEqual(files, [...names, 'manifest.json']);
      const { stdout } = await sh('aws s3 ls s3://infinite-industries-backups/db/');
      for (const name of names) assert.match(stdout, new RegExp(` ${name}$`, 'm'));
      const plain = await sh(`zcat backups/${night}/infinite-prod.sql.gz`);
      assert.match(plain.stdout, /^DROP TABLE IF EXISTS /m);
      assert.doesNotMatch(plain.stdout, /OWNER TO|GRANT /);
      const listed = await sh(`pg_restore --list backups/${night}/infinite-prod.dump`);
      assert.match(listed.stdout, /ACL infinite-prod TABLE events infinite-prod/);
    });

    it('it takes the place of a script that had other names, and its folder and bucket', async () => {
      const rule = { ID: 'delete old db backups', Filter: { Prefix: 'olddb/' }, Status: 'Enabled' };
      const expiration = { NoncurrentDays: 1, NewerNoncurrentVersions: 45 };
      const lifecycle = JSON.stringify({ Rules: [{ ...rule, NoncurrentVersionExpiration: expiration }] });
      await sh(`mkdir old && zcat ~/backups/latest/infinite-prod.sql.gz | gzip > old/infinite-prod-20261119T040000Z.gz
        aws s3api put-bucket-lifecycle-configuration --bucket infinite-industries-backups --lifecycle-configuration '${lifecycle}'
        aws s3 cp --quiet old/infinite-prod-20261119T040000Z.gz s3://infinite-industries-backups/olddb/infinite-prod.gz
        sed 's|format: sql|&, sql-in-name: false|; s|~/backups|~/old|; s|/db$|/olddb|' .config/holdfast/holdfast.yaml > before.yaml
        holdfast --config before.yaml run nightly
        holdfast --config before.yaml -r disk backup source:infinite-prod`);
      const nights = readdirSync(join(user.home, 'old')).filter((name) => name.endsWith('Z_infinite-prod'));
      assert.equal(nights.length, 2);
      const names = ['infinite-prod.anon.gz', 'infinite-prod.dump', 'infinite-prod.gz'];
      for (const night of nights) {
        assert.deepEqual(readdirSync(join(user.home, 'old', night)).toSorted(), [...names, 'manifest.json']);
      }
      const masked = await sh('holdfast -r disk backup --mask anonymous.yaml source:infinite-prod', 1);
      assert.match(masked.stderr, /disk has dumps of its own choice/);
      const { stdout } = await sh('aws s3 ls s3://infinite-industries-backups/olddb/');
      assert.deepEqual(stdout.match(/\S+\.(?:gz|dump)$/gm), names);
      await sh(
        'createdb named && zcat old/latest/infinite-prod.anon.gz | psql -X -q -v ON_ERROR_STOP=1 named',
      );
      await assertRestored('named', true);
      await sh(`holdfast --config before.yaml -r bucket restore latest sql --to postgres://localhost/named_sql --create
        holdfast --config before.yaml -r disk restore infinite-prod-20261119T040000Z --to postgres://localhost/script --create`);
      await assertRestored('named_sql', false);
      await assertRestored('script', false);
    });

    it('a drill proves each of them, with the owners and rights that it has', async () => {
      for (const form of ['dump', 'sql', 'anon']) {
        const { stdout } = await sh(`holdfast -r disk drill latest ${form}`);
        assert.match(stdout, /proven/, form);
      }
    });

    it('from the disk, with psql, twice', async () => {
      await run('createdb from_disk');
      await assertRestored('from_disk', true);
      await server.query('from_disk', 'delete from "infinite-prod".users');
      await sh(blocks('sh').find((block) => block.startsWith('zcat') && block.includes('from_disk'))!);
      await assertRestored('from_disk', true);
    });

    it('from the disk, with pg_restore', async () => {
      await run('createdb from_dump');
      await assertRestored('from_dump', false);
    });

    it('from S3, in a file and without one', async () => {
      await run('createdb from_s3');
      await assertRestored('from_s3', true);
      await run('createdb from_stream');
      await assertRestored('from_stream', false);
    });

    it('of another night', async () => {
      await run('holdfast run nightly');
      const { stdout } = await run('list-object-versions');
      assert.equal(stdout.split('\n').filter((line) => /^\d{4}-/.test(line)).length, 2);
      assert.ok(existsSync(join(user.home, 'other-night.sql.gz')));
    });

    it("in a container's init directory", async () => {
      const own = await startPostgres({ major: 15 });
      try {
        // what the image's entrypoint does: the user is the one that initdb was told, the database is made for it
        await own.query(
          'postgres',
          `create role infinite superuser login; create database "infinite-local" owner infinite`,
        );
        const { stdout } = await runProgram(
          'bash',
          [
            '-euo',
            'pipefail',
            '-c',
            'gunzip -c "$1" | psql -v ON_ERROR_STOP=1 --username infinite --no-password --no-psqlrc --dbname infinite-local',
            '-',
            join(user.home, 'infinite-prod.anon.sql.gz'),
          ],
          { env: { ...own.env, PATH: `${own.bin}:${process.env['PATH']}` } },
        );
        assert.match(stdout, /^COPY 2000$/m);
        assert.equal(await own.query('infinite-local', facts), expected);
      } finally {
        await own.stop();
      }
    });

    it("a developer's one command", async () => {
      await run('--to postgres://localhost/infinite-local');
      await assertRestored('infinite-local', true);
      const again = blocks('sh')
        .find((block) => block.includes('infinite-local'))!
        .replace('--create', '--clean --yes');
      await sh(again);
      await assertRestored('infinite-local', true);
    });

    it('the three are of one state, whatever is written meanwhile', async () => {
      let writing = true;
      const writer = (async () => {
        for (let id = 100_000; writing; id++) {
          await server.query(
            'infinite',
            `insert into "infinite-prod".events (id, note) values (${id}, 'meanwhile');
           insert into "infinite-prod".users (email) values ('meanwhile@industries.org')`,
          );
        }
      })();
      await sh('holdfast run nightly');
      writing = false;
      await writer;
      const states: string[] = [];
      for (const [database, load] of [
        [
          'state_dump',
          'pg_restore --no-owner --no-privileges -d state_dump backups/latest/infinite-prod.dump',
        ],
        ['state_sql', 'zcat backups/latest/infinite-prod.sql.gz | psql -X -q state_sql'],
        ['state_anon', 'zcat backups/latest/infinite-prod.anon.sql.gz | psql -X -q state_anon'],
      ] as const) {
        await sh(`createdb ${database}; ${load}`);
        states.push(await server.query(database, facts));
      }
      assert.notEqual(states[0], await server.query('infinite', facts), 'something was written behind it');
      assert.deepEqual(states, [states[0], states[0], states[0]]);
    });
  },
);
