/** Waits until somebody agrees with a key, as backup-container asks; whoever does not presses Ctrl-C. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { SecretInput } from '../prompt.ts';
import type { Runtime } from '../verb.ts';

const interrupt = 3;
const lineFeed = 10;

/** Any byte of standard input will do. Code `usage` when it is at its end: nobody is there. */
export async function waitForAnyKey({
  stdin,
  terminal,
  context,
}: Pick<Runtime, 'stdin' | 'terminal' | 'context'>): Promise<void> {
  const input = stdin();
  const isTerminal = input.isTTY === true && input.setRawMode !== undefined;
  terminal.ask('Would you like to continue?  Press Ctrl-C to exit, or any other key to continue ...');
  if (isTerminal) input.setRawMode!(true);
  try {
    await nextKey(input, isTerminal, context.signal);
  } finally {
    if (isTerminal) input.setRawMode!(false);
    terminal.answered();
  }
}

function nextKey(input: SecretInput, isTerminal: boolean, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      input.off('data', onData);
      input.off('end', onEnd);
      input.off('error', onEnd);
      signal.removeEventListener('abort', onAbort);
      input.pause();
    };
    const onEnd = (): void => {
      stop();
      reject(new HoldfastError('usage', 'nobody is there to be asked', { hint: '-s asks nothing' }));
    };
    const onAbort = (): void => {
      stop();
      reject(new HoldfastError('interrupted', 'interrupted'));
    };
    const onData = (chunk: Buffer | string): void => {
      const bytes = Buffer.from(chunk);
      if (isTerminal && bytes[0] === interrupt) return onAbort();
      stop();
      // what was typed ahead, behind the line of this answer, answers the next question
      const end = isTerminal ? 1 : bytes.indexOf(lineFeed) + 1 || bytes.length;
      if (end < bytes.length) input.unshift(bytes.subarray(end));
      resolve();
    };
    if (signal.aborted) return onAbort();
    input.on('data', onData);
    input.once('end', onEnd);
    input.once('error', onEnd);
    signal.addEventListener('abort', onAbort, { once: true });
    input.resume();
  });
}
