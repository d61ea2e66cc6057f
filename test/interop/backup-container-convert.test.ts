/** What `backup-container convert` writes, run by `holdfast run`: the same names at the same places, copies too. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { newUser, type User } from '../cli/run.ts';
import type { DatabaseServer } from '../support/database-server.ts';
import { startMariadb } from '../support/mariadb.ts';
import { startMinio } from '../support/minio.ts';
import { skipWithoutOwnSystem } from '../support/own-system.ts';
import { startPostgres } from '../support/postgres.ts';
import type { RunOptions } from '../support/program.ts';
import type { S3Server } from '../support/s3-server.ts';
import { backupsAmong, filesIn, objectsIn } from '../support/stored-names.ts';
import { skipWithout } from '../support/tools.ts';
import { type FtpServer, startVsftpd } from '../support/vsftpd.ts';

const needed = ['postgres15', 'mariadb', 'mariadb-dump', 'minio', 'vsftpd', 'openssl'] as const;
const skip = skipWithoutOwnSystem() || skipWithout(...needed);

interface Trees {
  readonly folder: readonly string[];
  readonly s3: readonly string[];
  readonly ftp: readonly string[];
}

describe('backup-container convert', { skip, timeout: 600_000 }, () => {
  const cleanups: (() => void | Promise<void>)[] = [];
  const t = { after: (clean: () => void | Promise<void>) => void cleanups.push(clean) };
  let postgres: DatabaseServer;
  let mariadb: DatabaseServer;
  let s3: S3Server;
  let ftp: FtpServer;
  let user: User;
  let env: Record<string, string>;

  before(async () => {
    [postgres, mariadb, s3, ftp] = await Promise.all([
      startPostgres({ major: 15 }),
      startMariadb(),
      startMinio(),
      startVsftpd({ security: 'explicit' }),
    ]);
    for (const name of ['shop', 'shop_archive']) {
      await postgres.createDatabase(name);
      await postgres.query(name, `create table who (name text); insert into who values ('${name}')`);
    }
    await mariadb.createDatabase('wiki');
    await mariadb.query('wiki', `create table page (title text); insert into page values ('home')`);
    user = newUser(t);
    env = {
      ...{ BACKUP_DIR: `${join(user.home, 'backups')}/`, TZ: 'America/Vancouver' },
      ...{ DATABASE_USER: postgres.user, DATABASE_PASSWORD: postgres.password },
      ...{ LOCALHOST_USER: 'root', LOCALHOST_PASSWORD: mariadb.password },
      HOLDFAST_POSTGRES_BIN: postgres.bin,
    };
  });
  after(async () => {
    await Promise.all([postgres, mariadb, s3, ftp].map((server) => server?.stop()));
    for (const clean of cleanups.toReversed()) await clean();
  });

  const run = (args: readonly string[], options: RunOptions = {}) =>
    user.run(args, { timeout: 180_000, ...options, env: { ...env, ...options.env } });
  const conf = (...lines: readonly string[]): void => {
    writeFileSync(join(user.home, 'backup.conf'), `${lines.join('\n')}\n`);
  };
  const at = (database: string): string => `postgres=127.0.0.1:${postgres.port}/${database}`;

  const trees = async (bucket: string): Promise<Trees> => ({
    folder: backupsAmong(filesIn(env['BACKUP_DIR']!)),
    s3: backupsAmong(await objectsIn(s3, bucket)),
    ftp: backupsAmong(filesIn(ftp.home)),
  });
  /** What a second or a midnight in between does not change. */
  const timeless = ({ folder, s3, ftp }: Trees): Trees => {
    const plain = (names: readonly string[]): string[] =>
      names
        .map((name) => name.replaceAll(/\d{4}-\d\d-\d\d(?:_\d\d-\d\d-\d\d)?/g, 'TIME'))
        .map((name) => name.replace(/^(?:daily|weekly|monthly)\//, 'TIER/'))
        .toSorted();
    return { folder: plain(folder), s3: plain(s3), ftp: plain(ftp) };
  };
  const clear = (): void => {
    rmSync(env['BACKUP_DIR']!, { recursive: true, force: true });
    for (const name of readdirSync(ftp.home)) rmSync(join(ftp.home, name), { recursive: true });
    rmSync(join(user.home, 'holdfast.yaml'), { force: true });
  };
  const copies = (bucket: string): Record<string, string> => ({
    ...{ S3_ENDPOINT: s3.endpoint, S3_USER: s3.accessKey, S3_PASSWORD: s3.secretKey, S3_BUCKET: bucket },
    ...{ FTP_URL: `ftp://${ftp.host}:${ftp.port}`, FTP_USER: ftp.user, FTP_PASSWORD: ftp.password },
    HOLDFAST_CACERT: ftp.ca!,
  });

  for (const [strategy, rules, times] of [
    ['rolling', {}, 1],
    ['daily', { BACKUP_STRATEGY: 'daily', NUM_BACKUPS: '1' }, 2],
  ] as const) {
    it(`writes and prunes as backup-container does, ${strategy}`, async () => {
      conf(at('shop'), at('shop_archive'), `mariadb=localhost:${mariadb.port}/wiki`);
      clear();
      const ours = { ...copies(`${strategy}-script`), ...rules };
      for (let i = 0; i < times; i++) await run(['backup-container', '-1'], { env: ours });
      const script = await trees(`${strategy}-script`);
      assert.equal(script.folder.length, 3);
      clear();
      const theirs = { ...copies(`${strategy}-run`), ...rules };
      await run(['backup-container', 'convert', 'holdfast.yaml'], { env: theirs });
      // the credentials of the configuration are references to the same variables
      for (let i = 0; i < times; i++) {
        await run(['--config', 'holdfast.yaml', 'run', 'backup'], { env: theirs });
      }
      const job = await trees(`${strategy}-run`);
      assert.deepEqual(timeless(job), timeless(script));
      assert.ok(script.s3.every((name) => !name.includes('/')) && script.ftp.length === 3);

      // the same rows, and each takes up what the other has made
      const text = (name: string): string =>
        gunzipSync(readFileSync(join(env['BACKUP_DIR']!, name))).toString();
      assert.match(text(job.folder.find((name) => name.includes('-shop_archive_'))!), /\nshop_archive\n/);
      const listed = await run(['backup-container', '-l'], { env: theirs });
      for (const name of [...job.folder, ...job.s3]) assert.ok(listed.stdout.includes(name), name);
      const settled = await run(['backup-container', '-p', '--dry-run'], { env: theirs });
      assert.doesNotMatch(settled.stdout, /would delete/);
    });
  }

  it('restores by either what the other has written, from S3 too', async () => {
    const theirs = copies('daily-script');
    conf(at('shop'));
    rmSync(env['BACKUP_DIR']!, { recursive: true, force: true });
    rmSync(join(user.home, 'holdfast.yaml'), { force: true });
    await run(['backup-container', 'convert', 'holdfast.yaml'], { env: theirs });
    await postgres.createDatabase('from_script');
    const target = `postgres://${postgres.user}@127.0.0.1:${postgres.port}/from_script`;
    const restore = ['restore', 'latest', '--path', '127.0.0.1-shop', '--to', target];
    await run(['--config', 'holdfast.yaml', '-r', 's3', ...restore], {
      env: { ...theirs, PGPASSWORD: postgres.password },
    });
    assert.equal(await postgres.query('from_script', 'select * from who'), 'shop\n');
    const flags = ['-s', '-r', at('from_run'), '-f', '127.0.0.1-shop', '-a', postgres.password];
    await run(['backup-container', ...flags], { env: copies('daily-run') });
    assert.equal(await postgres.query('from_run', 'select * from who'), 'shop\n');
  });

  it('looks for tables in the schema that a line names', async () => {
    for (const [schema, status] of [
      ['nowhere', 20],
      ['public', 0],
    ] as const) {
      clear();
      conf(`${at('shop')}?verifySchema=${schema}`, '0 4 * * * default ./backup.sh -s -v all');
      await run(['backup-container', 'convert', 'holdfast.yaml']);
      const done = await run(['--config', 'holdfast.yaml', 'run', 'backup'], { expect: status });
      if (status === 20)
        assert.match(done.stderr + done.stdout, /"tables in the schema nowhere" gives: none/);
    }
  });
});
