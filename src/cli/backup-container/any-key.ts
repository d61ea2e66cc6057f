/** Waits until somebody agrees with a key, as backup-container asks; whoever does not presses Ctrl-C. */
import { once } from 'node:events';
import { HoldfastError, throwIfAborted } from '../../kernel/errors.ts';
import type { Runtime } from '../verb.ts';

const interrupt = 3;

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
  const over = new AbortController();
  const { signal } = over;
  try {
    const key = await Promise.race([
      once(input, 'data', { signal: AbortSignal.any([signal, context.signal]) }),
      once(input, 'end', { signal }).then(() => undefined),
    ]);
    if (key === undefined) {
      throw new HoldfastError('usage', 'nobody is there to be asked', { hint: '-s asks nothing' });
    }
    const bytes = Buffer.from(key[0] as Buffer | string);
    if (isTerminal && bytes[0] === interrupt) throw new HoldfastError('interrupted', 'interrupted');
    // what was typed ahead, behind the line of this answer, answers the next question
    const end = isTerminal ? 1 : bytes.indexOf(10) + 1 || bytes.length;
    input.pause();
    if (end < bytes.length) input.unshift(bytes.subarray(end));
  } catch (error) {
    throwIfAborted(context.signal);
    throw error;
  } finally {
    over.abort();
    if (isTerminal) input.setRawMode!(false);
    input.pause();
    terminal.answered();
  }
}
