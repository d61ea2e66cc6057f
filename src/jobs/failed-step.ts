/** What was thrown, as a step of a run. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError, messageOf, throwIfAborted } from '../kernel/errors.ts';
import type { Step } from './job.ts';

export function failedStep(step: Omit<Step, 'outcome' | 'message' | 'code' | 'hint'>, error: unknown): Step {
  const known = error instanceof HoldfastError ? error : undefined;
  return {
    ...step,
    outcome: 'failed',
    message: messageOf(error),
    code: known?.code ?? 'failed',
    ...(known?.hint !== undefined && { hint: known.hint }),
  };
}

/** The steps of `work`, or the one that failed. Throws `interrupted` alone. */
export async function attempt(
  step: Pick<Step, 'kind' | 'subject' | 'vault' | 'source'>,
  { signal }: Pick<Context, 'signal'>,
  work: () => Promise<readonly Step[]>,
): Promise<readonly Step[]> {
  try {
    return await work();
  } catch (error) {
    throwIfAborted(signal);
    return [failedStep(step, error)];
  }
}
