import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '../../kernel/errors.ts';
import { modeOf, parseContainerFlags } from './arguments.ts';

const parse = (line: string) => parseContainerFlags(line.split(' ').filter((word) => word !== ''));

test('flags stand alone or together, values behind or in the next word', () => {
  for (const line of ['-s -v all -f x', '-sv all -fx', '-svall -f x', '-I -sv all -f x']) {
    const flags = parse(line);
    assert.deepEqual([flags.scheduled, flags.verify, flags.filter], [true, 'all', 'x'], line);
  }
  const { restore, adminPassword, ignoreErrors, nullPlugin } = parse('-nIr pg/app -a -secret-');
  assert.deepEqual([restore, adminPassword, ignoreErrors, nullPlugin], ['pg/app', '-secret-', true, true]);
});

test('-h, -l and -c act where they stand', () => {
  assert.equal(parse('-1l -x').atOnce, 'list');
  assert.equal(parse('-1c').once, true);
  assert.equal(parse('-c1').once, false);
  assert.equal(parse('--help').atOnce, 'help');
});

test('what is no flag is refused', () => {
  for (const line of ['-x', '-1x', 'all', '-v', '-1 -f', '--force', '-']) {
    assert.throws(
      () => parse(line),
      (error) => hasCode(error, 'usage'),
      line,
    );
  }
});

test('modes come in the order of the original', () => {
  const mode = (line: string, hasSchedules: boolean) => modeOf(parse(line), hasSchedules);
  for (const [line, withSchedules, without] of [
    ['', 'cron', 'legacy'],
    ['-1', 'once', 'once'],
    ['-1s', 'once', 'once'],
    ['-1 -v all', 'verify', 'verify'],
    ['-v all', 'verify', 'verify'],
    ['-r a/b -v all -1', 'restore', 'restore'],
    ['-s -r a/b', 'restore', 'restore'],
    ['-p -r a/b', 'prune', 'prune'],
  ] as const) {
    assert.equal(mode(line, true), withSchedules, line);
    assert.equal(mode(line, false), without, line);
  }
  assert.equal(mode('-s', true), 'scheduled');
  assert.equal(mode('-s -v all', true), 'scheduled-verify');
  assert.throws(() => mode('-s', false), /-s\) needs at least one schedule/);
  assert.throws(() => mode('-s -v all', false), /needs at least one schedule/);
});
