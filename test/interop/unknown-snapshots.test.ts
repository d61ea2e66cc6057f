/** Words that mean no snapshot: verbs that take many pass over them, verbs that take one end; both as restic does. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeRepositoryFolder, password } from '../support/engine.ts';
import { type BackupProgram, holdfast, restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

const lines = [
  'snapshots zzzz',
  'snapshots latest zzzz',
  'snapshots latest --host nobody',
  'snapshots latest:tree',
  'snapshots {id} --tag nothing',
  'forget zzzz',
  'forget zzzz {id}',
  'tag --add x zzzz latest',
  'stats zzzz',
  'find file -s zzzz',
  'rewrite --exclude x zzzz',
  'repair snapshots zzzz',
  'copy --from-repo other zzzz',
  'ls zzzz',
  'restore zzzz --target restored',
  'dump zzzz /',
  'diff zzzz latest',
  'cat snapshot zzzz',
  'check zzzz',
];

test('words that mean no snapshot', { skip: skipWithout('restic'), timeout: 240_000 }, async (t) => {
  const folder = tempFolder(t, 'holdfast-unknown');
  for (const name of ['original', 'other']) await makeRepositoryFolder(join(folder, name));
  mkdirSync(join(folder, 'tree'));
  writeFileSync(join(folder, 'tree', 'file'), 'content');
  const [first] = await backupTwice(holdfast({ repository: join(folder, 'original'), password }), folder);

  for (const line of lines) {
    await t.test(line, async () => {
      const [theirs, ours] = await Promise.all(
        [restic, holdfast].map(async (make) => {
          const repository = join(folder, `${make.name} ${lines.indexOf(line)}`);
          cpSync(join(folder, 'original'), repository, { recursive: true });
          const program = make({ repository, password, env: { RESTIC_FROM_PASSWORD: password } });
          const args = line.replace('{id}', first!).split(' ');
          const { status, stderr } = await program.run(args, { cwd: folder, expect: 'any' });
          const ignored = [...stderr.matchAll(/^(?:warning: i|I)gnoring (".*)$/gm)].map((match) => match[1]);
          const json = await program.run([...args, '--json'], { cwd: folder, expect: 'any' });
          return { status, ignored, jsonStatus: json.status, left: await countOf(program) };
        }),
      );
      assert.deepEqual(ours, theirs);
    });
  }
});

async function backupTwice(program: BackupProgram, cwd: string): Promise<string[]> {
  for (const host of ['one', 'two']) await program.run(['backup', 'tree', '--host', host], { cwd });
  const snapshots = (await program.json(['snapshots'])) as { id: string }[];
  return snapshots.map(({ id }) => id);
}

async function countOf(program: BackupProgram): Promise<number> {
  return ((await program.json(['snapshots'])) as unknown[]).length;
}
