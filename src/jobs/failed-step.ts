/** What was thrown, as a step of a run. */
import { HoldfastError, messageOf } from '../kernel/errors.ts';
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
