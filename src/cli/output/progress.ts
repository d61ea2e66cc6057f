/** Repeated progress reports: on a terminal, as JSON status lines, or when SIGUSR1 asks. */
import type { Environment } from '../environment.ts';
import { setting } from '../environment.ts';
import { formatPercent, formatSeconds } from './format.ts';
import type { Terminal } from './terminal.ts';

export interface ProgressReport {
  /** lines for people */
  lines(elapsedMs: number): readonly string[];
  /** a status object for --json; undefined where a verb has none */
  json?(elapsedMs: number): object;
}

export interface Progress {
  /** Ends the reports and clears the moving lines. Idempotent. */
  done(): void;
}

/** Milliseconds between reports; 0 for none. RESTIC_PROGRESS_FPS overrides everything, also --quiet. */
export function progressInterval(terminal: Terminal, environment: Environment): number {
  const wanted = Number(setting(environment, 'PROGRESS_FPS') ?? Number.NaN);
  if (wanted > 0) return 1000 / Math.min(60, wanted);
  if (terminal.verbosity === 0) return 0;
  return terminal.json || terminal.interactive ? 100 : 0;
}

/** Starts reports, and answers SIGUSR1 with one until `done`. */
export function startProgress(
  terminal: Terminal,
  environment: Environment,
  report: ProgressReport,
): Progress {
  const started = performance.now();
  const tell = (): void => {
    const elapsed = performance.now() - started;
    if (!terminal.json) terminal.status(report.lines(elapsed));
    else if (report.json) terminal.emit(report.json(elapsed));
  };
  const interval = progressInterval(terminal, environment);
  const timer = interval > 0 ? setInterval(tell, interval) : undefined;
  timer?.unref();
  process.on('SIGUSR1', tell);
  return {
    done() {
      clearInterval(timer);
      process.off('SIGUSR1', tell);
      terminal.clearStatus();
    },
  };
}

/** "[0:05] 12.34%  3 / 25 packs checked" */
export function counterLine(elapsedMs: number, done: number, total: number, what: string): string {
  const time = `[${formatSeconds(elapsedMs / 1000)}]`;
  return total === 0
    ? `${time}          ${done} ${what}`
    : `${time} ${formatPercent(done, total)}  ${done} / ${total} ${what}`;
}

export interface Counter extends Progress {
  set(done: number, total: number, what: string): void;
  /** shows nothing until the next `set` */
  clear(): void;
}

/** Progress of one thing that is counted. */
export function startCounter(terminal: Terminal, environment: Environment): Counter {
  let state: { done: number; total: number; what: string } | undefined;
  const progress = startProgress(terminal, environment, {
    lines: (elapsed) => (state ? [counterLine(elapsed, state.done, state.total, state.what)] : []),
  });
  return {
    set(done, total, what) {
      state = { done, total, what };
    },
    clear() {
      state = undefined;
      terminal.clearStatus();
    },
    done: () => progress.done(),
  };
}
