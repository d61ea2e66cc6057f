/** What Holdfast keeps on an FTP server, the stock restic opens in that server's folder, and the other way. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cheapenKey } from '../support/cheap-key.ts';
import { skipWithoutOwnSystem, testUser } from '../support/own-system.ts';
import { jsonLines, runProgram } from '../support/program.ts';
import { holdfast, restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';
import { compareTrees, makeTree } from '../support/tree.ts';
import { startVsftpd } from '../support/vsftpd.ts';

const skip =
  skipWithoutOwnSystem() || skipWithout('restic', 'vsftpd', 'openssl', 'setfattr', 'getfattr', 'setfacl');

for (const [security, first] of [
  ['explicit', 'holdfast'],
  ['none', 'restic'],
] as const) {
  test(
    `ftp, ${security === 'none' ? 'plain' : 'TLS'}: ${first} first`,
    { skip, timeout: 180_000 },
    async (t) => {
      const server = await startVsftpd({ security });
      t.after(() => server.stop());
      const folder = tempFolder(t);
      mkdirSync(join(folder, 'tree'));
      makeTree(join(folder, 'tree'));
      const place = join(server.home, 'repo');
      const overFtp = holdfast({
        repository: `${server.scheme}://${server.user}@127.0.0.1:${server.port}/repo`,
        password: 'p',
        env: {
          HOLDFAST_FTP_PASSWORD: server.password,
          ...(server.ca !== undefined && { RESTIC_CACERT: server.ca }),
        },
      });
      const onTheSpot = restic({ repository: place, password: 'p' });
      const give = (): Promise<unknown> =>
        runProgram('chown', ['-R', `${testUser.uid}:${testUser.uid}`, place]);
      const backup = async (program: typeof overFtp): Promise<Record<string, unknown>> => {
        const { stdout } = await program.run(['backup', '--json', '--force', 'tree'], { cwd: folder });
        return jsonLines(stdout).find(({ message_type }) => message_type === 'summary')!;
      };

      const [one, other] = first === 'restic' ? [onTheSpot, overFtp] : [overFtp, onTheSpot];
      await one.run(['init', ...(first === 'holdfast' ? ['--chunker', 'rabin'] : [])]);
      await cheapenKey({ repository: place, password: 'p' });
      await give();
      await backup(one);
      if (one === onTheSpot) await give();
      const second = await backup(other);
      assert.equal(second['data_blobs'], 0, 'the other adds no data');
      await give();

      for (const [index, program] of [one, other].entries()) {
        await program.run(['check', '--read-data']);
        const target = join(folder, `restored-${index}`);
        await program.run(['restore', 'latest', '--target', target]);
        assert.deepEqual(compareTrees(join(folder, 'tree'), join(target, 'tree')), []);
        await give();
      }
      await overFtp.run(['forget', '--keep-last', '1', '--prune']);
      await onTheSpot.run(['check', '--read-data']);
      assert.equal(((await onTheSpot.json(['snapshots'])) as unknown[]).length, 1);
    },
  );
}
