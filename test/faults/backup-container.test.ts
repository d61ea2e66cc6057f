/** What goes wrong with copies: no file under its final name there, nothing pruned anywhere, a status, and somebody is told. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { newUser, type User } from '../cli/run.ts';
import type { DatabaseServer } from '../support/database-server.ts';
import { type FtpProxy, startFtpProxy } from '../support/ftp-proxy.ts';
import { type HookServer, startHookServer } from '../support/hook-server.ts';
import { startMinio } from '../support/minio.ts';
import { skipWithoutOwnSystem } from '../support/own-system.ts';
import { startPostgres } from '../support/postgres.ts';
import type { S3Server } from '../support/s3-server.ts';
import { skipWithoutDisk, smallDisk } from '../support/small-disk.ts';
import { backupsAmong, filesIn, objectsIn } from '../support/stored-names.ts';
import type { Cleanup } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';
import { type FtpServer, startVsftpd } from '../support/vsftpd.ts';

/** More than any listing and any manifest has, less than a backup. */
const passed = 100_000;

interface BreakingProxy {
  readonly port: number;
  /** whether connections end in the midst of what is sent */
  breaks: boolean;
}

/** Carries bytes to the server, and as long as it breaks, cuts connections that send more than `passed`. */
async function startBreakingProxy(t: Cleanup, target: number): Promise<BreakingProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    let sent = 0;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (piece: Buffer) => {
      sent += piece.length;
      if (!proxy.breaks || sent <= passed) upstream.write(piece);
      else client.destroy();
    });
    upstream.pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const proxy = { port: (server.address() as AddressInfo).port, breaks: false };
  return proxy;
}

const skip = skipWithoutOwnSystem() || skipWithout('postgres15', 'minio', 'vsftpd');

describe('copies of backup-container', { skip, timeout: 300_000 }, () => {
  const cleanups: (() => void | Promise<void>)[] = [];
  const t = { after: (clean: () => void | Promise<void>) => void cleanups.push(clean) };
  let postgres: DatabaseServer;
  let s3: S3Server;
  let ftp: FtpServer;
  let hook: HookServer;
  let s3Proxy: BreakingProxy;
  let ftpProxy: FtpProxy;

  before(async () => {
    [postgres, s3, ftp, hook] = await Promise.all([
      startPostgres({ major: 15 }),
      startMinio(),
      startVsftpd(),
      startHookServer(t),
    ]);
    s3Proxy = await startBreakingProxy(t, Number(new URL(s3.endpoint).port));
    ftpProxy = await startFtpProxy(ftp.port);
    t.after(() => ftpProxy.stop());
    await postgres.createDatabase('shop');
    await postgres.query(
      'shop',
      `create table r as select md5(n::text || random()) x from generate_series(1, 20000) n`,
    );
  });
  after(async () => {
    for (const clean of cleanups.toReversed()) await clean();
    await Promise.all([postgres, s3, ftp].map((server) => server?.stop()));
  });

  for (const [verb, args] of [
    ['backup-container', ['backup-container', '-1']],
    ['run', ['--config', 'holdfast.yaml', 'run', 'backup']],
  ] as const) {
    it(`are whole or not there, and then nothing goes: ${verb}`, async () => {
      const user: User = newUser(t);
      writeFileSync(join(user.home, 'backup.conf'), `postgres=127.0.0.1:${postgres.port}/shop\n`);
      const env = {
        ...{ BACKUP_DIR: join(user.home, 'backups'), BACKUP_STRATEGY: 'daily', NUM_BACKUPS: '1' },
        ...{ DATABASE_USER: postgres.user, DATABASE_PASSWORD: postgres.password },
        ...{ S3_ENDPOINT: `http://127.0.0.1:${s3Proxy.port}`, S3_BUCKET: verb },
        ...{ S3_USER: s3.accessKey, S3_PASSWORD: s3.secretKey },
        ...{ FTP_URL: `ftp://${ftp.host}:${ftpProxy.port}/${verb}`, FTP_TLS: 'off' },
        ...{ FTP_USER: ftp.user, FTP_PASSWORD: ftp.password },
        ...{ WEBHOOK_URL: hook.url, HOLDFAST_POSTGRES_BIN: postgres.bin },
      };
      const run = (expect: number) => user.run(args, { env, expect, timeout: 120_000 });
      const places = async () => ({
        folder: backupsAmong(filesIn(env.BACKUP_DIR)),
        s3: backupsAmong(await objectsIn(s3, verb)),
        ftp: backupsAmong(filesIn(join(ftp.home, verb))),
      });
      await user.run(['backup-container', 'convert', 'holdfast.yaml'], { env });
      await run(0);
      const first = await places();
      assert.deepEqual([first.folder.length, first.s3.length, first.ftp.length], [1, 1, 1]);
      const told = (posts: number): (string | null)[] =>
        hook.posts.slice(posts).map(({ body }) => new URLSearchParams(body).get('statusCode'));

      let posts = hook.posts.length;
      s3Proxy.breaks = true;
      const broken = await run(1);
      s3Proxy.breaks = false;
      assert.match(broken.stderr, /S3|to s3/);
      const second = await places();
      assert.deepEqual(second.s3, first.s3);
      assert.deepEqual([second.folder.length, second.ftp.length], [2, 2]);
      assert.ok(told(posts).includes('ERROR'), told(posts).join());

      posts = hook.posts.length;
      ftpProxy.fault = { kind: 'swallow', after: passed, times: Number.POSITIVE_INFINITY };
      const lied = await run(1);
      ftpProxy.fault = undefined;
      assert.match(lied.stderr, /FTP|to ftp/);
      const third = await places();
      assert.deepEqual(third.ftp, second.ftp);
      assert.deepEqual([third.folder.length, third.s3.length], [3, 2]);
      assert.ok(told(posts).includes('ERROR'), told(posts).join());

      // the next good one clears up
      await run(0);
      const last = await places();
      assert.deepEqual([last.folder.length, last.s3.length, last.ftp.length], [1, 1, 1]);
    });

    it(`a dump that ends early and a full disk leave what was there, and are told: ${verb}`, async (t) => {
      const reason = skipWithoutDisk();
      if (reason !== false) return t.skip(reason);
      const disk = await smallDisk(t, 'size=1200k');
      const user: User = newUser(t);
      const folder = join(disk.path, 'backups');
      writeFileSync(join(user.home, 'backup.conf'), `postgres=127.0.0.1:${postgres.port}/shop\n`);
      const bin = join(user.home, 'bin');
      mkdirSync(bin);
      for (const program of ['psql', 'pg_dumpall'])
        symlinkSync(join(postgres.bin, program), join(bin, program));
      const real = join(postgres.bin, 'pg_dump');
      const short = `#!/bin/sh\ncase "$*" in *--version*) exec ${real} --version;; esac\n${real} "$@" | head -c 90000\n`;
      writeFileSync(join(bin, 'pg_dump'), short, { mode: 0o755 });
      const env = {
        ...{ BACKUP_DIR: folder, BACKUP_STRATEGY: 'daily', NUM_BACKUPS: '1', WEBHOOK_URL: hook.url },
        ...{ DATABASE_USER: postgres.user, DATABASE_PASSWORD: postgres.password },
        HOLDFAST_POSTGRES_BIN: postgres.bin,
      };
      await user.run(['backup-container', 'convert', 'holdfast.yaml'], { env });
      await user.run(args, { env });
      const kept = backupsAmong(filesIn(folder));
      assert.equal(kept.length, 1);
      for (const [fault, said] of [
        [{ HOLDFAST_POSTGRES_BIN: bin }, /ends (?:before its end|among the rows)/],
        [{}, /the disk is full|no space left/],
      ] as const) {
        // one takes 0.4 MB of 1.2 MB: a second finds no room beside something else
        if (!('HOLDFAST_POSTGRES_BIN' in fault)) {
          writeFileSync(join(disk.path, 'something'), new Uint8Array(700_000));
        }
        const posts = hook.posts.length;
        const failed = await user.run(args, { env: { ...env, ...fault }, expect: 1 });
        assert.match(failed.stdout + failed.stderr, said);
        assert.deepEqual(backupsAmong(filesIn(folder)), kept);
        const told = hook.posts.slice(posts).map(({ body }) => new URLSearchParams(body).get('statusCode'));
        assert.ok(told.includes('ERROR'), told.join());
      }
    });
  }
});
