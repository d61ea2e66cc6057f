/** Archives on every kind of storage, by the command line: written, listed, read, checked and cleared. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startMinio } from '../support/minio.ts';
import { skipWithoutOwnSystem } from '../support/own-system.ts';
import type { RunOptions, RunResult } from '../support/program.ts';
import { holdfast } from '../support/restic.ts';
import { startSshd } from '../support/sshd.ts';
import { type Cleanup, tempFolder } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';
import { startVsftpd } from '../support/vsftpd.ts';

interface Place {
  readonly location: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}

const places: readonly (readonly [string, string | false, (t: Cleanup) => Promise<Place>])[] = [
  ['a folder', false, async (t) => ({ location: tempFolder(t) })],
  [
    'MinIO',
    skipWithout('minio'),
    async (t) => {
      const server = await startMinio();
      t.after(() => server.stop());
      const { accessKey, secretKey } = server;
      return {
        location: `s3:${server.endpoint}/archives/night`,
        env: { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey },
      };
    },
  ],
  [
    'sshd',
    skipWithoutOwnSystem() || skipWithout('sshd'),
    async (t) => {
      const server = await startSshd();
      t.after(() => server.stop());
      const { host, port, user, home, keyFile, knownHosts } = server;
      return {
        location: `sftp://${user}@${host}:${port}/${home}/archive`,
        env: { HOLDFAST_SFTP_KEY_FILE: keyFile },
        flags: ['-o', `sftp.known-hosts=${knownHosts}`],
      };
    },
  ],
  [
    'vsftpd',
    skipWithoutOwnSystem() || skipWithout('vsftpd', 'openssl'),
    async (t) => {
      const server = await startVsftpd({ security: 'explicit' });
      t.after(() => server.stop());
      const { scheme, host, port, user, password, home, ca } = server;
      return {
        location: `${scheme}://${user}@${host}:${port}/${home}/archive`,
        env: { HOLDFAST_FTP_PASSWORD: password },
        flags: ['--cacert', ca!],
      };
    },
  ],
];

describe('archives on', { timeout: 240_000 }, () => {
  for (const [name, skip, start] of places) {
    it(name, { skip }, async (t) => {
      const { location, env = {}, flags = [] } = await start(t);
      const run = (args: readonly string[], options: RunOptions = {}): Promise<RunResult> =>
        holdfast({ repository: `archive:${location}`, password: '', env }).run([...flags, ...args], options);
      const backup = (layout: string, time: string): Promise<RunResult> =>
        run(
          [
            'backup',
            '--layout',
            layout,
            '--time',
            time,
            '--host',
            'db',
            '--stdin',
            '--stdin-filename',
            'shop.sql',
          ],
          {
            input: `shop of ${time}\n`,
          },
        );
      for (const layout of ['daily', 'dated', 'latest', 'rolling']) {
        for (const day of ['01', '02', '03']) await backup(layout, `2026-01-${day} 01:00:00`);
      }
      const listed = async (layout: string): Promise<string[]> => {
        const { stdout } = await run(['snapshots', '--json', '--layout', layout]);
        const all = JSON.parse(stdout) as { artefacts: { name: string }[]; older?: boolean }[];
        // a bucket keeps the versions before
        return all.flatMap(({ artefacts, older }) => (older ? [] : artefacts.map(({ name }) => name)));
      };
      const daily = ['01', '02', '03'].map((day) => `2026-01-${day}/db-shop_2026-01-${day}_01-00-00.sql.gz`);
      assert.deepEqual(await listed('daily'), daily);
      assert.deepEqual(
        await listed('rolling'),
        daily.map((file) => `daily/${file}`),
      );
      assert.deepEqual(await listed('latest'), ['db-shop.sql.gz']);
      assert.equal((await listed('dated')).length, 3);
      for (const layout of ['daily', 'dated', 'latest', 'rolling']) {
        const { stdout } = await run(['dump', 'latest', '--layout', layout]);
        assert.equal(stdout, 'shop of 2026-01-03 01:00:00\n');
      }
      const checked = await run(['check', '--json', '--layout', 'daily']);
      assert.match(checked.stdout, /"num_files":3,"num_errors":0/);

      const broken = [
        '--stdin-filename',
        'shop.sql',
        '--stdin-from-command',
        '--',
        'sh',
        '-c',
        'seq 100000; exit 3',
      ];
      await run(['backup', '--layout', 'daily', '--host', 'db', ...broken], { expect: 1 });
      assert.deepEqual(await listed('daily'), daily);
      await run(['forget', '--layout', 'daily', '--keep-last', '1']);
      assert.deepEqual(await listed('daily'), daily.slice(2));
      await run(['forget', '--layout', 'dated', '--keep-last', '2']);
      assert.equal((await listed('dated')).length, 2);
    });
  }
});
