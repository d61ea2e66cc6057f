import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBackupConf } from '../../config/backup-conf.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { createFakeClock } from '../../testing/fake-clock.ts';
import { runSchedules } from './schedule.ts';

const start = Date.parse('2026-03-01T00:30:00');
const day = 86_400_000;

/** Runs lines for so many days of a clock that moves when somebody sleeps; `run` answers how long it takes. */
async function simulate(text: string, days: number, run: (command: string, at: number) => Promise<void>) {
  const clock = createFakeClock(start);
  const abort = new AbortController();
  const warnings: string[] = [];
  const { schedules, problems } = parseBackupConf(text, 'backup.conf');
  assert.deepEqual(problems, []);
  const cutOff = await runSchedules(schedules, ({ command }) => run(command, clock.now()), {
    signal: abort.signal,
    warn: (message) => warnings.push(message),
    clock: {
      now: () => clock.now(),
      async sleep(ms, signal) {
        await clock.sleep(ms, signal);
        // what was started gets on
        await new Promise(setImmediate);
        if (clock.now() > start + days * day) abort.abort();
      },
    },
  });
  return { warnings, cutOff, clock };
}

test('every line runs at its times', async () => {
  const runs = new Map<string, string[]>();
  await simulate(
    '0 1 * * * default a /x\n0 4 * * 0 default b /x\n@every 36h default c /x',
    14,
    async (command, at) => {
      runs.set(command, [...(runs.get(command) ?? []), new Date(at).toString().slice(0, 21)]);
    },
  );
  assert.equal(runs.get('a /x')!.length, 14);
  assert.ok(runs.get('a /x')!.every((time) => time.endsWith('01:00')));
  assert.deepEqual(runs.get('b /x'), ['Sun Mar 01 2026 04:00', 'Sun Mar 08 2026 04:00']);
  assert.equal(runs.get('c /x')!.length, 9);
});

test('a line that still runs is not started again, and its failure keeps nothing from running', async () => {
  let running = 0;
  let started = 0;
  const { warnings } = await simulate('* * * * * default slow /x', 0.1, async () => {
    started++;
    assert.equal(++running, 1);
    for (let i = 0; i < 10; i++) await new Promise(setImmediate);
    running--;
    throw new HoldfastError('failed', 'it did not work');
  });
  assert.ok(started > 5);
  assert.ok(warnings.some((line) => line.endsWith('it still runs')));
  assert.ok(warnings.some((line) => line.endsWith('it did not work')));
});

test('a clock that is put back runs nothing twice, and what was missed while it slept runs once', async () => {
  const clock = createFakeClock(start);
  const abort = new AbortController();
  const runs: number[] = [];
  const jumps = [2 * 3_600_000, -2 * 3_600_000, 26 * 3_600_000];
  const { schedules } = parseBackupConf('0 1 * * * default a /x', 'backup.conf');
  await runSchedules(schedules, async () => void runs.push(clock.now()), {
    signal: abort.signal,
    warn: assert.fail,
    clock: {
      now: () => clock.now(),
      async sleep() {
        const jump = jumps.shift();
        if (jump === undefined) abort.abort();
        else clock.advance(jump);
      },
    },
  });
  assert.deepEqual(
    runs.map((at) => (at - start) / 3_600_000),
    [2, 26],
  );
});

test('stopping waits for what runs, and tells whether it was cut off', async () => {
  const abort = new AbortController();
  const { schedules } = parseBackupConf('* * * * * default a /x', 'backup.conf');
  const clock = createFakeClock(start);
  let ended = false;
  const cutOff = await runSchedules(
    schedules,
    async () => {
      abort.abort();
      await new Promise(setImmediate);
      ended = true;
      throw new HoldfastError('interrupted', 'interrupted');
    },
    { signal: abort.signal, warn: assert.fail, clock },
  );
  assert.deepEqual([ended, cutOff], [true, true]);
});
