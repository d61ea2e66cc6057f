/** The program: signals, the one place where errors become exit statuses, and a short cut for --version. */
import { exitStatuses, HoldfastError, messageOf } from '../kernel/errors.ts';

/** Runs the command line of this process and ends it. */
export async function main(given: readonly string[]): Promise<void> {
  const args = isCalled('backup.sh') ? ['backup-container', ...given] : given;
  if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
    const { versionLine } = await import('./version.ts');
    process.stdout.write(`${versionLine()}\n`);
    return;
  }
  const status = await run(await decoded(args));
  // a slow reader of a pipe may not have taken everything yet, and exit would drop the rest
  await Promise.all([drained(process.stdout), drained(process.stderr)]);
  const { exitNow } = await import('../kernel/native/exit.ts');
  exitNow(status);
}

async function decoded(args: readonly string[]): Promise<readonly string[]> {
  if (!args.some((arg) => arg.includes('\ufffd'))) return args;
  return (await import('./raw-arguments.ts')).rawArguments(args);
}

/** True when this is the name that the program was started by, through a link for example. */
function isCalled(name: string): boolean {
  return process.argv[1]?.split(/[/\\]/).at(-1) === name;
}

/** Resolves when the stream has handed everything on, or its reader is gone. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}

async function run(args: readonly string[]): Promise<number> {
  const { createRuntime } = await import('./runtime.ts');
  const { runtime, outputError } = createRuntime(process, args);
  try {
    const { runProgram } = await import('./program.ts');
    const { maybeStopped } = await runProgram(args, runtime);
    runtime.terminal.flush();
    await drained(process.stdout);
    // a stream tells of its errors a little later
    await new Promise(setImmediate);
    const unwritten = outputError();
    if (unwritten && unwritten.code !== 'EPIPE') {
      const { unwritable } = await import('./output/unwritable.ts');
      throw unwritable('the work was done, but standard output', unwritten);
    }
    if (runtime.context.signal.aborted && !maybeStopped) {
      throw new HoldfastError('interrupted', 'interrupted');
    }
    return 0;
  } catch (error) {
    if (outputError()?.code === 'EPIPE') return statusOfClosedPipe;
    const { aborted } = runtime.context.signal;
    return report(aborted ? new HoldfastError('interrupted', 'interrupted') : error, runtime.terminal);
  }
}

/** What a shell reports for a program that SIGPIPE ended. */
const statusOfClosedPipe = 141;

/** Tells the error, and gives its exit status. */
function report(error: unknown, terminal: import('./output/terminal.ts').Terminal): number {
  const known = error instanceof HoldfastError ? error : undefined;
  const code = known ? exitStatuses[known.code] : exitStatuses.failed;
  terminal.clearStatus();
  if (terminal.json) {
    const hint = known?.hint === undefined ? {} : { hint: known.hint };
    terminal.emitError({ message_type: 'exit_error', code, message: messageOf(error), ...hint });
    return code;
  }
  terminal.complain(`holdfast: ${harmless(messageOf(error))}`);
  if (known?.hint !== undefined) terminal.complain(`hint: ${harmless(known.hint)}`);
  if (!known && error instanceof Error && error.stack) terminal.complain(error.stack);
  return code;
}

/** Names of files and tables stand in messages, and may hold what a terminal obeys. */
function harmless(text: string): string {
  const code = (sign: string): string => sign.charCodeAt(0).toString(16).padStart(4, '0');
  return text.replaceAll(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, (sign) => `\\u${code(sign)}`);
}
