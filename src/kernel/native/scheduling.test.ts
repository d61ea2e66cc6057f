import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { giveWay, workAsBatch } from './scheduling.ts';
import { usesNative } from './symbols.ts';

/** Field 41 of a line of /proc/PID/stat. */
const policyIn = (line: string): string | undefined => line.slice(line.lastIndexOf(')') + 2).split(' ')[38];

test(
  'all threads take turns, and so do programs that are started',
  { skip: process.platform !== 'linux' },
  () => {
    workAsBatch();
    const policy = usesNative() ? '3' : '0';
    const threads = readdirSync('/proc/self/task');
    assert.ok(threads.length > 1);
    for (const thread of threads)
      assert.equal(policyIn(readFileSync(`/proc/self/task/${thread}/stat`, 'utf8')), policy);
    assert.equal(policyIn(execFileSync('cat', ['/proc/self/stat'], { encoding: 'utf8' })), policy);
  },
);

test('a thread that gives way goes on', () => {
  for (let i = 0; i < 1000; i++) giveWay();
});
