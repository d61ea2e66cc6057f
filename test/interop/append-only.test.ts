/** Before a server that only appends, what was backed up stays, and every verb that would remove says so. */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cheapenKey } from '../support/cheap-key.ts';
import { startRcloneRestic, startRestServer, type RestServer } from '../support/rest-server.ts';
import { holdfast, restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

/** What removes, or puts something else in a place. */
const removing = [
  ['forget', '--keep-last', '1'],
  ['forget', '--keep-last', '1', '--prune'],
  ['forget', 'latest'],
  ['prune', '--repack-uncompressed', '--max-unused', '0'],
  ['tag', '--add', 'x'],
  ['rewrite', '--exclude', 'file', '--forget'],
];

// the verbs ask both servers in the same way: one of them is asked for all
const kinds: [string, () => Promise<RestServer>, string[][]][] = [
  ['rest-server', () => startRestServer({ appendOnly: true }), removing],
  ['rclone serve restic', () => startRcloneRestic({ appendOnly: true }), removing.slice(0, 1)],
];

for (const [title, start, verbs] of kinds) {
  test(`append-only: ${title}`, { skip: skipWithout('restic', 'rest-server', 'rclone') }, async (t) => {
    const server = await start();
    t.after(() => server.stop());
    const access = { repository: `rest:${server.url}`, password: 'p' };
    const ours = holdfast(access);
    const folder = tempFolder(t);
    await ours.run(['init']);
    // on the spot, where it may be replaced
    await cheapenKey({ repository: server.data, password: 'p' });
    for (const text of ['one', 'two', 'three']) {
      writeFileSync(join(folder, 'file'), text.repeat(100_000));
      await ours.run(['backup', 'file'], { cwd: folder });
    }
    const before = filesBelow(server.data);
    assert.equal(before.filter((name) => name.startsWith('locks')).length, 0, 'locks are removed');

    for (const args of verbs) {
      const result = await ours.run(args, { expect: 1 });
      assert.match(result.stderr, /the server only appends/, args.join(' '));
      assert.match(result.stderr, /without --append-only/, args.join(' '));
      assert.deepEqual(filesBelow(server.data), before, args.join(' '));
    }
    await ours.run(['forget', '--keep-last', '1', '--dry-run']);
    // what does not remove goes on
    writeFileSync(join(folder, 'file'), 'four');
    await ours.run(['backup', 'file'], { cwd: folder });
    await ours.run(['unlock', '--remove-all']);
    await restic(access).run(['check', '--read-data', '--no-lock']);
    assert.equal(((await ours.json(['snapshots'])) as unknown[]).length, 4);
  });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
