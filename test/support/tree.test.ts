/** The comparison of trees is the judge of many tests, so it is judged first. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { tempFolder } from './temp.ts';
import { skipWithout } from './tools.ts';
import { compareTrees, makeTree } from './tree.ts';

const skip = skipWithout('setfattr', 'getfattr', 'setfacl');

test('a faithful copy of the odd tree has no difference, and each kind of damage is named', { skip }, (t) => {
  const folder = tempFolder(t);
  const [left, right] = [join(folder, 'left'), join(folder, 'right')];
  mkdirSync(left);
  makeTree(left);
  const copy = spawnSync('cp', ['-a', '--sparse=always', left, right], { encoding: 'utf8' });
  assert.equal(copy.status, 0, copy.stderr);
  assert.deepEqual(compareTrees(left, right, { holes: true }), []);

  const damages: [command: string, expected: RegExp][] = [
    ['setfattr -n user.comment -v other plain/hello.txt', /attributes lost: .*plain\/hello\.txt.*/],
    ['chmod 600 modes/0644', /modes\/0644.*mode 100644 became 100600/],
    ['rm odd/fifo', /odd\/fifo.*only in/],
    ['rm links/hard && cp -a plain/hello.txt links/hard', /hard link/],
    ['cp --sparse=never odd/sparse s && cat s > odd/sparse && rm s', /blocks/],
    ['ln -sfn elsewhere links/dangling', /target/],
  ];
  for (const [command, expected] of damages) {
    const result = spawnSync('bash', ['-c', command], { cwd: right, encoding: 'utf8' });
    assert.equal(result.status, 0, result.stderr);
    const differences = compareTrees(left, right, { holes: true }).join('\n');
    assert.match(differences, expected, command);
  }
  utimesSync(join(right, 'plain/deep/random.bin'), 1, 1.5);
  assert.match(compareTrees(left, right).join('\n'), /random\.bin.*mtime/);
  appendFileSync(join(right, 'plain/one byte'), 'y');
  assert.match(compareTrees(left, right).join('\n'), /one byte.*size 1 became 2/);
});

test('two trees of one seed are the same', { skip }, (t) => {
  const folder = tempFolder(t);
  for (const name of ['a', 'b']) {
    mkdirSync(join(folder, name));
    makeTree(join(folder, name));
  }
  assert.deepEqual(compareTrees(join(folder, 'a'), join(folder, 'b')), []);
});
