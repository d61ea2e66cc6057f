/** Runs what is scheduled at its times until it is told to stop. The same line never runs twice at once. */
import { Cron } from 'croner';
import type { ScheduleLine, When } from '../../config/backup-conf.ts';
import type { Context } from '../../kernel/context.ts';
import { hasCode, messageOf } from '../../kernel/errors.ts';

/** A clock that is set, or a machine that slept, is noticed so soon. */
const longestSleep = 60_000;

interface Line {
  readonly schedule: ScheduleLine;
  readonly next: (after: number) => number | undefined;
  running: Promise<void> | undefined;
}

/**
 * Resolves when the signal aborts and everything that ran has ended: to true when something was cut off.
 * @param run what it rejects with is told, and keeps nothing from running
 */
export async function runSchedules(
  schedules: readonly ScheduleLine[],
  run: (schedule: ScheduleLine) => Promise<void>,
  { clock, signal, warn }: Context,
): Promise<boolean> {
  let cutOff = false;
  let seen = clock.now();
  const lines: Line[] = schedules.map((schedule) => ({
    schedule,
    next: nextOf(schedule.when, seen),
    running: undefined,
  }));
  while (!signal.aborted) {
    const now = clock.now();
    // a clock that was put back runs nothing twice, and waits for nothing that has been
    if (now < seen) seen = now;
    let soonest = now + longestSleep;
    for (const line of lines) {
      const due = line.next(seen);
      if (due !== undefined && due <= now) start(line);
      soonest = Math.min(soonest, line.next(now) ?? Number.POSITIVE_INFINITY);
    }
    seen = now;
    await clock.sleep(Math.max(1, soonest - now), signal).catch((error: unknown) => {
      if (!hasCode(error, 'interrupted')) throw error;
    });
  }
  await Promise.all(lines.map(({ running }) => running));
  return cutOff;

  function start(line: Line): void {
    const { schedule } = line;
    if (line.running) {
      warn(`"${schedule.text}" is left out this time: it still runs`);
      return;
    }
    line.running = run(schedule)
      .catch((error: unknown) => {
        if (hasCode(error, 'interrupted')) cutOff = true;
        else warn(`"${schedule.text}" failed: ${messageOf(error)}`);
      })
      .finally(() => (line.running = undefined));
  }
}

/** The first time after another one, both milliseconds since 1970. */
function nextOf({ pattern, everySeconds }: When, began: number): (after: number) => number | undefined {
  if (everySeconds !== undefined) {
    const every = everySeconds * 1000;
    return (after) => began + (Math.max(0, Math.floor((after - began) / every)) + 1) * every;
  }
  const cron = new Cron(pattern, { paused: true });
  return (after) => cron.nextRun(new Date(after))?.getTime();
}
