/** Tells everybody who wants to know of an outcome; one who cannot be reached does not keep the others from it. */
import type { Context } from '../../kernel/context.ts';
import { hasCode, HoldfastError, messageOf } from '../../kernel/errors.ts';
import type { NotifyEvent, NotifyRecipient } from './notification.ts';

export interface NotifyContext extends Context {
  /** where `env:` references and proxy settings are read */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface NotifyResult {
  /** names of those who were told */
  readonly told: readonly string[];
  /** those who could not be told, each with why, in one sentence without secrets */
  readonly failed: readonly { readonly name: string; readonly message: string }[];
}

const tries = 3;
const firstWaitMs = 1000;

/** Never throws but for `interrupted`. What may succeed on another try is tried three times. */
export async function notify(
  recipients: readonly NotifyRecipient[],
  event: NotifyEvent,
  context: NotifyContext,
): Promise<NotifyResult> {
  const wanted = recipients.filter(({ on }) => on.includes(event.outcome));
  const told: string[] = [];
  const failed: { name: string; message: string }[] = [];
  await Promise.all(
    wanted.map(async (recipient) => {
      try {
        await sendPatiently(recipient, event, context);
        told.push(recipient.name);
      } catch (error) {
        if (context.signal.aborted) throw error;
        const hint = error instanceof HoldfastError && error.hint ? ` (${error.hint})` : '';
        failed.push({ name: recipient.name, message: `${messageOf(error)}${hint}` });
      }
    }),
  );
  return { told, failed };
}

async function sendPatiently(
  recipient: NotifyRecipient,
  event: NotifyEvent,
  context: NotifyContext,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send(recipient, event, context);
    } catch (error) {
      const again = attempt < tries && error instanceof HoldfastError && error.retryable;
      if (!again || hasCode(error, 'interrupted')) throw error;
      await context.clock.sleep(firstWaitMs * 4 ** (attempt - 1), context.signal);
    }
  }
}

/** The senders are loaded when somebody is to be told: most runs have nothing to tell. */
async function send(recipient: NotifyRecipient, event: NotifyEvent, context: NotifyContext): Promise<void> {
  if (recipient.kind === 'webhook') {
    const { sendWebhook } = await import('./webhook.ts');
    return sendWebhook(recipient, event, context);
  }
  const { sendMail } = await import('./mail.ts');
  return sendMail(recipient, event, context);
}
