import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import test from 'node:test';
import { hasEnded, processMark } from './process-mark.ts';

const skip = process.platform !== 'linux' && 'Linux alone tells when processes began';

test('a process has ended when it has, and not before', { skip }, async () => {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const pid = child.pid!;
  const mark = processMark(pid);
  assert.ok(mark);
  assert.equal(processMark(pid), mark);
  assert.equal(hasEnded(pid, mark), false);
  child.kill('SIGKILL');
  await once(child, 'close');
  assert.equal(processMark(pid), undefined);
  assert.equal(hasEnded(pid, mark), true);
});

test('another process with the same number is another process', { skip }, () => {
  const mark = processMark(process.pid)!;
  assert.equal(hasEnded(process.pid, mark), false);
  assert.equal(
    hasEnded(
      process.pid,
      mark.replace(/\d+$/, (start) => String(Number(start) - 1)),
    ),
    true,
  );
});

test('of other systems and containers nothing is known', { skip }, () => {
  const mark = processMark(process.pid)!;
  const [boot, namespace, started] = mark.split(' ');
  const gone = spawnSync('true').pid;
  assert.equal(hasEnded(gone, `${boot} ${namespace} ${started}`), true);
  assert.equal(hasEnded(gone, `00000000-0000-0000-0000-000000000000 ${namespace} ${started}`), false);
  assert.equal(hasEnded(gone, `${boot} pid:[1] ${started}`), false);
  assert.equal(hasEnded(gone, ''), false);
});
