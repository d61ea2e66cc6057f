import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Option } from 'commander';
import { firstOperand, normaliseArguments } from './arguments.ts';
import { globalOptions } from './global-options.ts';

const options = [...globalOptions(), new Option('--tag <tags>'), new Option('-n, --dry-run')];
const normalise = (line: string): string => normaliseArguments(line.split(' '), options).join(' ');

test('boolean flags take values as in Go', () => {
  assert.equal(normalise('--json=true ls --json=false -q=1'), '--json ls -q');
  assert.equal(normalise('--no-lock=false --no-cache=T'), '--no-cache');
});

test('counts can be given as a number', () => {
  assert.equal(normalise('--verbose=2 backup'), '--verbose --verbose backup');
  assert.equal(normalise('-v=1'), '-v');
});

test('a short flag takes its value after an equals sign', () => {
  assert.equal(normalise('-r=/srv/repo snapshots'), '-r /srv/repo snapshots');
  assert.equal(normalise('--repo=/srv/a=b'), '--repo=/srv/a=b');
});

test('values that look like flags stay values', () => {
  assert.equal(normalise('--tag --json=false -vr --json=true'), '--tag --json=false -vr --json=true');
  assert.equal(normalise('-nr --verbose=2 x'), '-nr --verbose=2 x');
  assert.equal(normalise('backup -- --json=true'), 'backup -- --json=true');
});

test('the verb is found behind global flags and their values', () => {
  const verb = (line: string): string | undefined => {
    const args = line.split(' ');
    const at = firstOperand(args, globalOptions());
    return at === undefined ? undefined : args[at];
  };
  assert.equal(verb('-r backup -v snapshots'), 'snapshots');
  assert.equal(verb('-vqr backup --json snapshots'), 'snapshots');
  assert.equal(verb('--repo=backup snapshots ls'), 'snapshots');
  assert.equal(verb('-rbackup snapshots'), 'snapshots');
  assert.equal(verb('--json -q'), undefined);
});
