/** `holdfast backup-container` in the place of backup.sh: its files, its flags, and what it used to get wrong. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { newUser, type User } from '../cli/run.ts';
import type { DatabaseServer } from '../support/database-server.ts';
import { startHookServer, type HookServer } from '../support/hook-server.ts';
import { startMariadb } from '../support/mariadb.ts';
import { startMinio } from '../support/minio.ts';
import { startPostgres } from '../support/postgres.ts';
import { type RunOptions, type RunResult, runProgram } from '../support/program.ts';
import { holdfastBin } from '../support/restic.ts';
import type { S3Server } from '../support/s3-server.ts';
import { skipWithoutDisk, smallDisk } from '../support/small-disk.ts';
import { filesIn } from '../support/stored-names.ts';
import { skipWithout } from '../support/tools.ts';
import { type FtpServer, startVsftpd } from '../support/vsftpd.ts';

const needed = ['postgres15', 'mariadb', 'mariadb-dump', 'minio', 'vsftpd', 'gzip'] as const;

describe('backup-container', { skip: skipWithout(...needed), timeout: 600_000 }, () => {
  const cleanups: (() => void | Promise<void>)[] = [];
  const t = { after: (clean: () => void | Promise<void>) => void cleanups.push(clean) };
  let postgres: DatabaseServer;
  let mariadb: DatabaseServer;
  let s3: S3Server;
  let ftp: FtpServer;
  let hook: HookServer;
  let user: User;
  let env: Record<string, string>;

  before(async () => {
    [postgres, mariadb, s3, ftp, hook] = await Promise.all([
      startPostgres({ major: 15 }),
      startMariadb(),
      startMinio(),
      startVsftpd({ security: 'explicit' }),
      startHookServer(t),
    ]);
    await postgres.query('postgres', `create role app login password 'app secret'`);
    for (const name of ['shop', 'shop_archive', 'numbers']) {
      await postgres.query('postgres', `create database ${name} owner app`);
      await postgres.query(
        name,
        `set role app; create table who (name text); insert into who values ('${name}')`,
      );
    }
    await postgres.query(
      'numbers',
      'create table n as select generate_series(1, 200000) n; grant select on n to app',
    );
    await mariadb.createDatabase('wiki');
    await mariadb.query('wiki', `create table page (title text); insert into page values ('home')`);
    user = newUser(t);
    env = {
      ...{ BACKUP_DIR: `${join(user.home, 'backups')}/`, TZ: 'America/Vancouver' },
      ...{ DATABASE_USER: postgres.user, DATABASE_PASSWORD: postgres.password },
      ...{ LOCALHOST_USER: 'root', LOCALHOST_PASSWORD: mariadb.password },
    };
  });
  after(async () => {
    await Promise.all([postgres, mariadb, s3, ftp].map((server) => server?.stop()));
    for (const clean of cleanups.toReversed()) await clean();
  });

  const run = (flags: string, options: RunOptions = {}): Promise<RunResult> =>
    user.run(['backup-container', ...flags.split(' ')], {
      timeout: 120_000,
      ...options,
      env: { ...env, ...options.env },
    });
  const conf = (...lines: readonly string[]): void => {
    writeFileSync(join(user.home, 'backup.conf'), `${lines.join('\n')}\n`);
  };
  const at = (database: string): string => `postgres=127.0.0.1:${postgres.port}/${database}`;
  const folder = (): string => env['BACKUP_DIR']!;
  const files = (): string[] => filesIn(folder());
  const fresh = (): void => rmSync(folder(), { recursive: true, force: true });
  const messages = (from: number): URLSearchParams[] =>
    hook.posts.slice(from).map(({ body }) => new URLSearchParams(body));

  it('makes the files that the original makes, of fully qualified hosts as well, and tells of them', async () => {
    fresh();
    conf(
      at('shop'),
      `mariadb=localhost:${mariadb.port}/wiki`,
      'mongo=mongodb/x',
      '0 1 * * * default ./backup.sh -s',
    );
    const posts = hook.posts.length;
    const names = { ENVIRONMENT_FRIENDLY_NAME: 'Test & Co', ENVIRONMENT_NAME: 'abc-test' };
    const done = await run('-s', { expect: 1, env: { WEBHOOK_URL: hook.url, ...names } });
    assert.match(done.stderr, /1 of 3 lines were not backed up/);
    const made = files();
    const stamp = String.raw`\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.sql\.gz`;
    assert.equal(made.length, 2, made.join());
    const [first, second] = made;
    const tier = String.raw`(?:daily|weekly|monthly)/\d{4}-\d\d-\d\d/`;
    assert.match(first!, new RegExp(`^${tier}127\\.0\\.0\\.1-shop_${stamp}$`));
    assert.match(second!, new RegExp(`^${tier}localhost-wiki_${stamp}$`));
    // the day is that of the zone
    const local = new Date().toLocaleDateString('sv-SE', { timeZone: 'America/Vancouver' });
    const before = new Date(Date.now() - 60_000).toLocaleDateString('sv-SE', {
      timeZone: 'America/Vancouver',
    });
    assert.ok([local, before].includes(first!.split('/')[1]!), first!);

    const sent = messages(posts);
    assert.deepEqual(
      sent.map((fields) => [...fields.keys()].join()).filter((keys, i, all) => all.indexOf(keys) === i),
      ['projectFriendlyName,projectName,statusCode,message'],
    );
    assert.equal(sent[0]!.get('projectFriendlyName'), 'Test & Co');
    assert.equal(sent[0]!.get('projectName'), 'abc-test');
    assert.deepEqual(
      sent.map((fields) => fields.get('statusCode')),
      ['WARN', 'INFO', 'INFO'],
    );
    assert.match(sent[0]!.get('message')!, /mongo=mongodb\/x\. MongoDB is not backed up by holdfast/);
    assert.match(
      sent[1]!.get('message')!,
      /Successfully backed up postgres=127.*\nBackup written to .*shop_.*\n/,
    );

    await postgres.createDatabase('by_hand');
    const script = await runProgram('gunzip', ['-c', join(folder(), first!)]);
    await runProgram(join(postgres.bin, 'psql'), ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', 'by_hand'], {
      env: postgres.env,
      input: script.bytes,
    });
    assert.equal(await postgres.query('by_hand', 'select * from who'), 'shop\n');
    assert.match(gunzipSync(readFileSync(join(folder(), second!))).toString(), /INSERT INTO `page`/);
  });

  it('answers with a status that is not 0 when a database fails, leaves no file of it, and goes on', async () => {
    fresh();
    conf(at('nowhere'), at('shop'));
    const posts = hook.posts.length;
    const done = await run('-1', { expect: 1, env: { WEBHOOK_URL: hook.url, WEBHOOK_FORMAT: 'json' } });
    assert.match(done.stderr, /\[!!ERROR!!\] - Failed to backup .*nowhere[^]*does not exist/);
    assert.deepEqual(
      files().map((name) => basename(name).split('_')[0]),
      ['127.0.0.1-shop'],
    );
    const events = hook.posts.slice(posts).map(({ body }) => JSON.parse(body) as Record<string, unknown>);
    assert.deepEqual(
      events.map(({ statusCode, outcome }) => [statusCode, outcome]),
      [
        ['ERROR', 'failure'],
        ['INFO', 'success'],
      ],
    );
  });

  it('tells of what a dump lacks by WARN and status 3, and prunes nothing then', async () => {
    fresh();
    conf(`mariadb=localhost:${mariadb.port}/wiki`);
    await mariadb.query(
      'wiki',
      `create user limited identified by 'limited secret';
       grant select, lock tables, show view on wiki.* to limited`,
    );
    const limited = {
      ...{ LOCALHOST_USER: 'limited', LOCALHOST_PASSWORD: 'limited secret', WEBHOOK_URL: hook.url },
      ...{ BACKUP_STRATEGY: 'daily', NUM_BACKUPS: '1' },
    };
    for (const count of [1, 2]) {
      const posts = hook.posts.length;
      const done = await run('-1', { expect: 3, env: limited });
      assert.match(done.stderr, /1 of 1 backups want to be looked at/);
      assert.equal(files().length, count);
      const [told, ...more] = messages(posts);
      assert.deepEqual([told!.get('statusCode'), more], ['WARN', []]);
      assert.match(
        told!.get('message')!,
        /^Successfully backed up .*\n[^]*Not in the backup: triggers are left out: .* TRIGGER[^]*events are left out: .* EVENT[^]*Nothing was pruned/,
      );
    }
    await mariadb.query(
      'wiki',
      'grant trigger, event on wiki.* to limited; grant select on mysql.* to limited',
    );
    await run('-1', { env: limited });
    assert.equal(files().length, 1);
  });

  it('keeps no file of a dump that ends early, and prunes nothing', async () => {
    fresh();
    conf(at('shop'));
    const bin = join(user.home, 'bin');
    mkdirSync(bin, { recursive: true });
    for (const program of ['psql', 'pg_dumpall'])
      symlinkSync(join(postgres.bin, program), join(bin, program));
    const real = join(postgres.bin, 'pg_dump');
    writeFileSync(
      join(bin, 'pg_dump'),
      `#!/bin/sh\n[ "$1" = --version ] && exec ${real} --version\n${real} "$@" | head -c 900\nkill -9 $$\n`,
    );
    chmodSync(join(bin, 'pg_dump'), 0o755);
    const rules = { BACKUP_STRATEGY: 'daily', NUM_BACKUPS: '1' };
    await run('-1', { env: rules });
    const kept = files();
    const posts = hook.posts.length;
    const told = { ...rules, WEBHOOK_URL: hook.url, HOLDFAST_POSTGRES_BIN: bin };
    const done = await run('-1', { expect: 1, env: told });
    assert.match(done.stderr, /pg_dump was ended by SIGKILL/);
    assert.deepEqual(files(), kept);
    // one that says it went well is no better
    writeFileSync(
      join(bin, 'pg_dump'),
      `#!/bin/sh\n[ "$1" = --version ] && exec ${real} --version\n${real} "$@" | head -c 900\n`,
    );
    const short = await run('-1', { expect: 1, env: told });
    assert.match(short.stderr, /the dump of pg_dump ends before its end/);
    assert.deepEqual(files(), kept);
    assert.deepEqual(
      messages(posts).map((fields) => fields.get('statusCode')),
      ['ERROR', 'ERROR'],
    );
    await run('-1', { env: rules });
    assert.equal(files().length, 1);
    assert.notDeepEqual(files(), kept);
  });

  it('keeps no file of a MariaDB dump that fails, or ends early and says that it went well', async () => {
    fresh();
    conf(`mariadb=localhost:${mariadb.port}/wiki`);
    const rules = { BACKUP_STRATEGY: 'daily', NUM_BACKUPS: '1' };
    await run('-1', { env: rules });
    const kept = files();
    const bin = join(user.home, 'mariadb-bin');
    mkdirSync(bin);
    symlinkSync(join(mariadb.bin, 'mariadb'), join(bin, 'mariadb'));
    const real = join(mariadb.bin, 'mariadb-dump');
    for (const [end, said] of [
      ['exit 3', /mariadb-dump failed/],
      ['exit 0', /the dump of mariadb-dump ends before its end/],
    ] as const) {
      writeFileSync(
        join(bin, 'mariadb-dump'),
        `#!/bin/sh\n[ "$2" = --version ] && exec ${real} "$@"\n${real} "$@" | head -c 900\n${end}\n`,
      );
      chmodSync(join(bin, 'mariadb-dump'), 0o755);
      const done = await run('-1', { expect: 1, env: { ...rules, HOLDFAST_MYSQL_BIN: bin } });
      assert.match(done.stderr, said);
      assert.deepEqual(files(), kept);
    }
  });

  it('restores and prunes the database that is meant, not one whose name goes on', async () => {
    fresh();
    conf(at('shop'), at('shop_archive'));
    await run('-1');
    const [shop, archive] = files();
    const unfinished = join(
      folder(),
      shop!.replace('_', '_2099-01-01_00-00-00.sql.gz.in_progress').split('.in_')[0]!,
    );
    writeFileSync(`${unfinished}.in_progress`, gzipSync('broken'));
    await run(`-s -r ${at('shop')} -a ${postgres.password}`);
    assert.equal(await postgres.query('shop', 'select * from who'), 'shop\n');
    await run(`-s -r ${at('elsewhere')} -f 127.0.0.1-shop -a ${postgres.password}`);
    assert.equal(await postgres.query('elsewhere', 'select * from who'), 'shop\n');
    const both = await run(`-s -r ${at('elsewhere')} -f 127.0.0.1-sho -a ${postgres.password}`, {
      expect: 1,
    });
    assert.match(both.stderr, /fits backups of 127\.0\.0\.1-shop, 127\.0\.0\.1-shop_archive/);
    rmSync(`${unfinished}.in_progress`);
    const plan = await run('-p -f 127.0.0.1-shop --dry-run');
    assert.match(plan.stdout, /would delete .*-shop_2/);
    assert.doesNotMatch(plan.stdout, /shop_archive/);
    assert.deepEqual(files(), [shop, archive]);
    await run('-s -p -f 127.0.0.1-shop');
    assert.deepEqual(files(), [archive]);
  });

  it('asks before it restores, for the password too, and gives up when nobody answers', async () => {
    fresh();
    conf(at('shop'));
    await run('-1');
    await postgres.query('shop', `update who set name = 'changed'`);
    const nobody = await run(`-r ${at('shop')}`, { expect: 1 });
    assert.match(nobody.stderr, /nobody is there to be asked/);
    assert.equal(await postgres.query('shop', 'select * from who'), 'changed\n');
    await run(`-r ${at('shop')}`, { input: `\n${postgres.password}\n` });
    assert.equal(await postgres.query('shop', 'select * from who'), 'shop\n');
    assert.equal(
      await postgres.query(
        'postgres',
        `select pg_get_userbyid(datdba) from pg_database where datname = 'shop'`,
      ),
      'app\n',
    );
  });

  it('goes on after errors of SQL when told to, and stops at them by itself', async () => {
    const spoiled = join(user.home, 'spoiled.sql.gz');
    const [made] = files();
    const script = gunzipSync(readFileSync(join(folder(), made!))).toString();
    writeFileSync(spoiled, gzipSync(script.replace('CREATE TABLE', 'SELECT nonsense;\nCREATE TABLE')));
    const flags = `-s -r ${at('spoiled')} -f ${spoiled} -a ${postgres.password}`;
    const stopped = await run(flags, { expect: 1 });
    assert.match(stopped.stderr, /restored in part: psql failed .*nonsense/);
    const done = await run(`-I ${flags}`);
    assert.match(done.stderr, /warning: .*nonsense/);
    assert.equal(await postgres.query('spoiled', 'select * from who'), 'shop\n');
  });

  it('verifies each database, and says no where there is no backup, or one that is damaged', async () => {
    fresh();
    conf(at('shop'), `mariadb=localhost:${mariadb.port}/wiki`, '0 4 * * * default ./backup.sh -s -v all');
    await run('-1');
    const posts = hook.posts.length;
    const good = await run('-s -v all', { env: { WEBHOOK_URL: hook.url } });
    assert.equal(good.stdout.match(/Successfully verified backup/g)?.length, 2);
    assert.deepEqual(
      messages(posts).map((fields) => fields.get('statusCode')),
      ['INFO', 'INFO'],
    );
    const none = await run(`-s -v ${at('numbers')}`, { expect: 1, env: { WEBHOOK_URL: hook.url } });
    assert.match(none.stderr, /there is no backup of 127\.0\.0\.1-numbers/);
    assert.equal(messages(posts).at(-1)!.get('statusCode'), 'ERROR');
    const elsewhere = await run(`-s -v ${at('shop')}?verifySchema=nowhere`, { expect: 1 });
    assert.match(elsewhere.stderr, /no tables were found in the schema nowhere/);
    const [shop] = files();
    const bytes = readFileSync(join(folder(), shop!));
    writeFileSync(join(folder(), shop!), bytes.subarray(0, bytes.length - 20));
    const cut = await run(`-v ${at('shop')}`, { expect: 1, input: '\n' });
    assert.match(cut.stderr, /Backup verification failed: .*-shop_[^]*ends early/);
  });

  it('copies to S3 into a bucket that it makes, prunes there, and restores from there', async () => {
    fresh();
    conf(at('shop'), at('shop_archive'));
    const copies = {
      ...{ S3_ENDPOINT: s3.endpoint, S3_USER: s3.accessKey, S3_PASSWORD: s3.secretKey, S3_BUCKET: 'copies' },
      ...{ BACKUP_STRATEGY: 'daily', NUM_BACKUPS: '2' },
    };
    for (let i = 0; i < 3; i++) await run('-1', { env: copies });
    const listing = await run('-l', { env: copies });
    const there = [...listing.stdout.matchAll(/\/copies\/(\S+)$/gm)].map(([, name]) => name!);
    assert.deepEqual(
      there.toSorted(),
      files()
        .map((name) => basename(name))
        .toSorted(),
    );
    assert.equal(there.length, 4);
    fresh();
    const done = await run(`-s -r ${at('from_s3')} -f 127.0.0.1-shop -a ${postgres.password}`, {
      env: copies,
    });
    assert.match(done.stdout, /Backup file: s3:http/);
    assert.equal(await postgres.query('from_s3', 'select * from who'), 'shop\n');
    const away = await run('-1', { env: { ...copies, S3_PASSWORD: 'wrong', NUM_BACKUPS: '1' }, expect: 1 });
    assert.match(away.stderr, /Failed to copy .* to S3: .* Nothing was pruned/);
    assert.equal(files().length, 2);
  });

  it('copies to an FTP server through TLS, prunes there, and restores from there', async () => {
    fresh();
    conf(at('shop'));
    const copies = {
      ...{ FTP_URL: `ftp://${ftp.host}:${ftp.port}/`, FTP_USER: ftp.user, FTP_PASSWORD: ftp.password },
      ...{ HOLDFAST_CACERT: ftp.ca!, BACKUP_STRATEGY: 'daily', NUM_BACKUPS: '1' },
    };
    await run('-1', { env: copies });
    await run('-1', { env: copies });
    const listing = await run('-l', { env: copies });
    const there = [...listing.stdout.matchAll(/ftp:\/\/\S+\/(\S+\.sql\.gz)$/gm)].map(([, name]) => name!);
    assert.deepEqual(
      there,
      files().map((name) => basename(name)),
    );
    assert.equal(there.length, 1);
    fresh();
    await run(`-s -r ${at('from_ftp')} -f ${there[0]} -a ${postgres.password}`, { env: copies });
    assert.equal(await postgres.query('from_ftp', 'select * from who'), 'shop\n');
  });

  it('needs no room but that of the compressed file, and leaves nothing on a disk that is full', async (t) => {
    const reason = skipWithoutDisk();
    if (reason !== false) return t.skip(reason);
    const { path: disk } = await smallDisk(t, 'size=1m');
    const small = { BACKUP_DIR: `${disk}/`, TMPDIR: disk };
    conf(at('numbers'));
    const [{ size }] = JSON.parse(
      `[${await postgres.query('numbers', `select json_build_object('size', sum(length(n::text) + 1)) from n`)}]`,
    ) as [{ size: number }];
    assert.ok(size > 1024 * 1024, 'what is dumped is more than the disk holds');
    const done = await run('-1', { env: small });
    assert.match(done.stdout, /Successfully backed up/);
    conf(at('random'));
    await postgres.createDatabase('random');
    await postgres.query(
      'random',
      `create table r as select string_agg(md5(n::text || random()), '') from generate_series(1, 100000) n`,
    );
    const posts = hook.posts.length;
    const full = await run('-1', { env: { ...small, WEBHOOK_URL: hook.url }, expect: 1 });
    assert.equal(messages(posts)[0]!.get('statusCode'), 'ERROR');
    assert.match(full.stderr, /Failed to backup .*random[^]*no space left/);
    assert.ok(!readdirSync(disk, { recursive: true }).some((name) => String(name).includes('random')));
  });

  it('leaves tables out that a line says', async () => {
    fresh();
    conf(`${at('numbers')}?exclude-table=n`);
    await run('-1');
    const script = gunzipSync(readFileSync(join(folder(), files()[0]!))).toString();
    assert.match(script, /CREATE TABLE public\.who/);
    assert.doesNotMatch(script, /CREATE TABLE public\.n /);
  });

  it('tells what is wrong with the configuration, by file and line, and shows the rest', async () => {
    conf(at('shop'), 'oracle=x/y', '99 1 * * * default ./backup.sh -s');
    const shown = await run('-c', { expect: 1, env: { BACKUP_STRATEGY: 'hourly' } });
    assert.match(shown.stdout, /backup\.conf:2: there is no kind of database called "oracle"/);
    assert.match(shown.stdout, /backup\.conf:3: "99 1 \* \* \*" is no schedule/);
    assert.match(shown.stdout, /BACKUP_STRATEGY is "hourly"/);
    const zone = await run('-c', { expect: 1, env: { TZ: 'PST8PDT,M3.2.0,M11.1.0' } });
    assert.match(zone.stdout, /TZ is "PST8PDT,M3\.2\.0,M11\.1\.0", which is no name of a zone/);
    const help = await run('-h');
    assert.match(help.stdout, /Usage: holdfast backup-container/);
    assert.equal((await user.run(['help', 'backup-container'])).stdout, help.stdout);
    const unknown = await run('-1x', { expect: 1 });
    assert.match(unknown.stderr, /unknown option "-x"/);
  });

  it('converts to a configuration that backs up to the same folder', async () => {
    fresh();
    conf(
      at('shop'),
      `mariadb=localhost:${mariadb.port}/wiki`,
      'mongo=m/x',
      '0 4 * * * default ./backup.sh -s -v all',
    );
    await run('-1', { expect: 1 });
    const copies = {
      S3_ENDPOINT: s3.endpoint,
      S3_BUCKET: 'b',
      S3_USER: 'u',
      S3_PASSWORD: 'p',
      FTP_URL: 'ftps://h/x/',
    };
    // 3: a line is left out
    const all = await run('convert', { env: { ...copies, WEBHOOK_URL: hook.url }, expect: 3 });
    assert.match(all.stderr, /mongo/);
    assert.match(all.stdout, /access-key: env:S3_USER/);
    assert.match(all.stdout, /archive: ftps\+implicit:\/\/h\/x/);
    assert.doesNotMatch(all.stdout, new RegExp(`${hook.url}|${postgres.password}`));
    await run('convert holdfast.yaml', { expect: 3 });
    assert.match((await run('convert holdfast.yaml', { expect: 1 })).stderr, /holdfast\.yaml.*exists/);
    await user.run(['--config', 'holdfast.yaml', 'config', 'check'], { env });
    const known = await user.run(['-r', 'backups', '--config', 'holdfast.yaml', 'snapshots'], { env });
    assert.match(known.stdout, /127\.0\.0\.1/);
    const yaml = readFileSync(join(user.home, 'holdfast.yaml'), 'utf8');
    writeFileSync(join(user.home, 'holdfast.yaml'), yaml.replace('drill: true', 'drill: false'));
    await user.run(['--config', 'holdfast.yaml', 'run', 'backup'], { env, timeout: 120_000 });
    const cores = files().flatMap((name) => /([^/]+)_\d{4}-\d\d-\d\d_[-\d]+\.sql\.gz$/.exec(name)?.[1] ?? []);
    assert.deepEqual(cores.toSorted(), [
      '127.0.0.1-shop',
      '127.0.0.1-shop',
      'localhost-wiki',
      'localhost-wiki',
    ]);
  });

  it('answers to the name of the script', async () => {
    conf(at('shop'));
    const link = join(user.home, 'backup.sh');
    rmSync(link, { force: true });
    symlinkSync(join(holdfastBin, '..', 'backup.sh'), link);
    const path = `${join(process.execPath, '..')}:${process.env['PATH']}`;
    const options = { cwd: user.home, env: { ...user.env, ...env, PATH: path } };
    const shown = await runProgram('sh', [link, '-c'], options);
    assert.match(shown.stdout, /Run mode: legacy/);
    rmSync(link);
    symlinkSync(holdfastBin, link);
    const again = await runProgram(process.execPath, [link, '-c'], options);
    assert.equal(again.stdout, shown.stdout);
  });

  it('runs what is scheduled, and a signal ends it well', async () => {
    fresh();
    conf(
      at('shop'),
      '@every 1s default ./backup.sh -1',
      '@every 1s default echo hello from a shell > shell.txt',
    );
    const child = spawn(process.execPath, [holdfastBin, 'backup-container'], {
      ...{ cwd: user.home, env: { ...process.env, ...user.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    while (files().length === 0 || !existsSync(join(user.home, 'shell.txt'))) {
      assert.equal(child.exitCode, null, said);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    child.kill('SIGTERM');
    const [status] = (await once(child, 'exit')) as [number | null];
    // 130 when it was in the middle of the next one
    assert.ok(status === 0 || status === 130, said);
    assert.match(said, /Starting backup server in cron mode/);
    assert.ok(
      files().every((name) => name.endsWith('.sql.gz')),
      files().join(),
    );
  });

  it('starts no backups twice, and what a signal cuts off leaves no file and is told', async () => {
    fresh();
    const line = '@every 1s default ./backup.sh -1';
    conf(at('shop'), line, `${line} # again`);
    const bin = join(user.home, 'slow');
    mkdirSync(bin);
    for (const program of ['psql', 'pg_dumpall'])
      symlinkSync(join(postgres.bin, program), join(bin, program));
    const real = join(postgres.bin, 'pg_dump');
    writeFileSync(
      join(bin, 'pg_dump'),
      `#!/bin/sh\n[ "$1" = --version ] && exec ${real} --version\necho begun\nexec sleep 100\n`,
    );
    chmodSync(join(bin, 'pg_dump'), 0o755);
    const posts = hook.posts.length;
    const slow = { HOLDFAST_POSTGRES_BIN: bin, WEBHOOK_URL: hook.url };
    const child = spawn(process.execPath, [holdfastBin, 'backup-container'], {
      ...{ cwd: user.home, env: { ...process.env, ...user.env, ...env, ...slow } },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    while (!/it still runs/.test(said) || !/are not started twice/.test(said)) {
      assert.equal(child.exitCode, null, said);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.deepEqual(
      files().map((name) => name.split('.sql')[1]),
      ['.gz.in_progress'],
    );
    child.kill('SIGTERM');
    const [status] = (await once(child, 'exit')) as [number | null];
    assert.equal(status, 130, said);
    assert.deepEqual(files(), []);
    const last = messages(posts).findLast((fields) => fields.get('statusCode') === 'ERROR');
    assert.match(last!.get('message')!, /Failed to backup .*\ninterrupted/);
  });

  it('passes over what it has no program for when that is wanted', async () => {
    conf('mariadb=localhost/x');
    const nothing = { PATH: '/nonexistent', HOLDFAST_MYSQL_BIN: undefined };
    const passed = await run('-n -1', { env: nothing });
    assert.match(passed.stdout, /\[null\] no client of MySQL or MariaDB is installed/);
    await run('-1', { env: nothing, expect: 1 });
  });

  it('waits for its period where nothing is scheduled, and a signal ends it with 0', async () => {
    fresh();
    conf(at('shop'));
    const child = spawn(process.execPath, [holdfastBin, 'backup-container'], {
      ...{ cwd: user.home, env: { ...process.env, ...user.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('Sleeping for 1d')) child.kill('SIGTERM');
    });
    const [status] = (await once(child, 'exit')) as [number | null];
    assert.equal(status, 0, said);
    assert.equal(files().length, 1);
  });
});
