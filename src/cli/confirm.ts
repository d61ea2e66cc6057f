/** Asks the person at the terminal whether to go on with what cannot be undone. */
import { createInterface } from 'node:readline/promises';
import { HoldfastError, throwIfAborted } from '../kernel/errors.ts';
import type { Invocation } from './verb.ts';

/** True when the answer is yes. Code `usage` when nobody sits there to be asked. */
export async function confirm(
  question: string,
  { stdin, terminal, context }: Pick<Invocation, 'stdin' | 'terminal' | 'context'>,
): Promise<boolean> {
  const input = stdin();
  if (input.isTTY !== true) {
    throw new HoldfastError('usage', 'nobody is there to be asked', { hint: '--yes says yes' });
  }
  const lines = createInterface({ input });
  terminal.ask(`${question} [yes/no] `);
  try {
    const answer = await lines.question('', { signal: context.signal });
    return /^y(?:es)?$/i.test(answer.trim());
  } catch (cause) {
    throwIfAborted(context.signal);
    throw new HoldfastError('failed', 'standard input cannot be read', { cause });
  } finally {
    lines.close();
    terminal.answered();
  }
}
