/** Tells those who want to know what a run came to. */
import type { Step } from './job.ts';
import type { NotifyEvent, NotifyRecipient } from './notify/notification.ts';
import { notify, type NotifyResult } from './notify/notify.ts';
import { type JobReport, reportEvent } from './report.ts';
import { type RunContext, withRunSignal } from './run-context.ts';

/** For telling that a run was interrupted. */
const lastWordsMs = 10_000;

/**
 * Who could not be told is a warning: the backup is as good as it was, but nobody may be looking. Of a run that was
 * interrupted they are told in a moment or not at all.
 */
export async function tellRecipients(
  recipients: readonly NotifyRecipient[],
  report: JobReport,
  context: RunContext,
): Promise<Step[]> {
  const event = reportEvent(report);
  const { failed, told } = context.signal.aborted
    ? await tellInTime(recipients, event, context)
    : await notify(recipients, event, context);
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
async function tellInTime(
  recipients: readonly NotifyRecipient[],
  event: NotifyEvent,
  context: RunContext,
): Promise<NotifyResult> {
  const patience = withRunSignal(context, AbortSignal.timeout(lastWordsMs));
  const all = await Promise.all(
    recipients.map((recipient) =>
      notify([recipient], event, patience).catch((): NotifyResult => {
        const message = `could not be told within ${lastWordsMs / 1000} seconds`;
        return { told: [], failed: [{ name: recipient.name, message }] };
      }),
    ),
  );
  return { told: all.flatMap(({ told }) => told), failed: all.flatMap(({ failed }) => failed) };
}
