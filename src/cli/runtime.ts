/** Ties a process to what verbs see of it: output, cancellation by signals, warnings. */
import { systemClock } from '../kernel/clock.ts';
import { exitStatuses } from '../kernel/errors.ts';
import { Terminal } from './output/terminal.ts';
import type { Runtime } from './verb.ts';

export interface ProcessRuntime {
  readonly runtime: Runtime;
  /** what standard output answered, once it could not be written; EPIPE when its reader went away, as `| head` does */
  readonly outputError: () => NodeJS.ErrnoException | undefined;
}

/** Installs the signal handlers; `args` only to know early whether JSON is wanted. */
export function createRuntime(host: NodeJS.Process, args: readonly string[]): ProcessRuntime {
  const terminal = new Terminal({
    stdout: host.stdout,
    stderr: host.stderr,
    dumb: host.env['TERM'] === 'dumb',
  });
  terminal.json = args.includes('--json');
  const abort = new AbortController();
  let outputError: NodeJS.ErrnoException | undefined;
  host.stdout.on('error', (error: NodeJS.ErrnoException) => {
    outputError ??= error;
    // The disk that a log is on being full is no reason to make no backup.
    if (error.code === 'EPIPE') abort.abort(error);
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    host.on(signal, () => {
      if (abort.signal.aborted) host.exit(exitStatuses.interrupted);
      if (!terminal.json) terminal.complain(`${signal} received, cleaning up; once more ends at once`);
      abort.abort(new Error(signal));
    });
  }
  // A terminal that goes away ends no backup, with or without nohup, whose wish Node does not hand on.
  host.on('SIGHUP', () => {});
  // Without a handler of ours, Node would open its debugger when it gets this signal.
  host.on('SIGUSR1', () => {});
  const warn = (message: string): void => {
    if (terminal.json)
      terminal.emitError({ message_type: 'error', error: { message }, during: '', item: '' });
    else terminal.complain(`warning: ${message}`);
  };
  return {
    runtime: {
      environment: host.env,
      terminal,
      context: { signal: abort.signal, clock: systemClock, warn },
      stdin: () => host.stdin,
    },
    outputError: () => outputError,
  };
}
