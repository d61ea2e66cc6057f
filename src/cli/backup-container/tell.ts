/** Tells people what happens: on the terminal, and by the webhook of backup-container. */
import type { Context } from '../../kernel/context.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { NotifyRecipient, Outcome } from '../../jobs/notify/notification.ts';
import type { Runtime } from '../verb.ts';
import type { ContainerSettings } from './settings.ts';

export interface Teller {
  /** a line for the log alone */
  say(line: string): void;
  info(message: string): Promise<void>;
  warn(message: string): Promise<void>;
  error(message: string): Promise<void>;
}

/** Messages go out also while the work is being stopped; but not for ever. */
const longestMs = 60_000;

export function createTeller(
  settings: ContainerSettings,
  { terminal, environment, context }: Pick<Runtime, 'terminal' | 'environment' | 'context'>,
): Teller {
  const { webhook, pagerDuty } = settings;
  const recipients: NotifyRecipient[] =
    webhook === undefined
      ? []
      : [
          {
            ...{ kind: 'webhook', name: 'WEBHOOK_URL', url: webhook.url, format: webhook.format },
            ...{ projectFriendlyName: settings.friendlyName, projectName: settings.name },
            on: ['success', 'warning', 'failure'],
          },
        ];

  async function post(outcome: Outcome, message: string): Promise<void> {
    if (recipients.length === 0) return;
    const signal = AbortSignal.timeout(longestMs);
    try {
      const { notify } = await import('../../jobs/notify/notify.ts');
      const { failed } = await notify(
        recipients,
        { outcome, subject: message.split('\n')[0]!, message },
        { ...plain(context), signal, environment },
      );
      for (const { message } of failed) context.warn(message);
    } catch (error) {
      context.warn(`the webhook could not be told: ${messageOf(error)}`);
    }
  }

  return {
    say: (line) => terminal.say(line),
    async info(message) {
      terminal.say(message);
      await post('success', message);
    },
    async warn(message) {
      terminal.complain(`[WARN] - ${message}`);
      await post('warning', message);
    },
    async error(message) {
      terminal.complain(`[!!ERROR!!] - ${message}`);
      await post('failure', message);
      if (!pagerDuty) return;
      await callPagerDuty(pagerDuty, message).catch((error: unknown) =>
        context.warn(`PagerDuty could not be told: ${messageOf(error)}`),
      );
    },
  };
}

function plain({ clock, warn }: Context): Omit<Context, 'signal'> {
  return { clock, warn };
}

async function callPagerDuty(
  { url, serviceKey }: NonNullable<ContainerSettings['pagerDuty']>,
  message: string,
): Promise<void> {
  const event = {
    ...{ service_key: serviceKey, event_type: 'trigger' },
    description: message.replaceAll('\n', ' '),
  };
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
    signal: AbortSignal.timeout(longestMs),
  });
  if (!answer.ok) throw new Error(`it answered with status ${answer.status}`);
}
