/** Tells those who want to know what a run came to. */
import { HoldfastError } from '../kernel/errors.ts';
import { failedStep } from './failed-step.ts';
import type { Job, Step } from './job.ts';
import type { NotifyRecipient } from './notify/notification.ts';
import { notify } from './notify/notify.ts';
import { type JobReport, reportEvent } from './report.ts';
import { type RunContext, withRunSignal } from './run-context.ts';

/** For telling that a run was interrupted. */
const lastWordsMs = 10_000;

/** Who could not be told is a warning: the backup is as good as it was, but nobody may be looking. */
export async function tellRecipients(
  recipients: readonly NotifyRecipient[],
  report: JobReport,
  context: RunContext,
): Promise<Step[]> {
  const { failed, told } = await notify(recipients, reportEvent(report), context);
  return [
    ...told.map((name): Step => {
      const message = `told: ${report.outcome}`;
      return { kind: 'notification', outcome: 'done', subject: name, message };
    }),
    ...failed.map(({ name, message }): Step => ({
      ...{ kind: 'notification', outcome: 'warning', code: 'incomplete', subject: name, message },
    })),
  ];
}

/** Nobody waits long for it: whoever interrupts a run may be about to end it by force. */
export async function tellInterruption(
  job: Job,
  started: number,
  steps: readonly Step[],
  context: RunContext,
): Promise<void> {
  const step = failedStep(
    { kind: 'backup', subject: job.name },
    new HoldfastError('interrupted', 'interrupted'),
  );
  const event = reportEvent({
    ...{ job: job.name, outcome: 'failure', started, finished: context.clock.now() },
    steps: [...steps, step],
  });
  const patience = withRunSignal(context, AbortSignal.timeout(lastWordsMs));
  await notify(job.recipients, event, patience).catch(() => {});
}
