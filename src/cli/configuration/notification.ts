/** What the configuration says of those who are told, as a run needs it. */
import type { EffectiveNotification } from '../../config/effective.ts';
import type { MailNotification } from '../../config/schema/notification.ts';
import { listOf } from '../../config/schema/value.ts';
import type { MailServer, NotifyRecipient, Outcome } from '../../jobs/notify/notification.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { parseSecretReference } from '../../kernel/secret.ts';

const usual: readonly Outcome[] = ['warning', 'failure'];

export function recipient({ name, kind, settings }: EffectiveNotification): NotifyRecipient {
  const common = { name, on: settings.when === undefined ? usual : listOf(settings.when) };
  if (kind === 'mail') {
    return {
      ...{ ...common, kind, from: settings.from ?? '', to: listOf(settings.mail) },
      server: mailServer(name, settings),
    };
  }
  return {
    ...{ ...common, kind, format: settings.format ?? 'json', caFile: settings['ca-file'] },
    url: parseSecretReference(settings.webhook) ?? settings.webhook,
    projectName: settings['project-name'],
    projectFriendlyName: settings['project-friendly-name'],
    token: settings.token === undefined ? undefined : parseSecretReference(settings.token),
  };
}

function mailServer(name: string, settings: MailNotification): MailServer {
  const { server = '', tls = 'starttls', user, password } = settings;
  const [, host, port] = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(server) ?? [];
  if (!host) throw new HoldfastError('usage', `the mail server of ${name} is not HOST or HOST:PORT`);
  return {
    ...{ host, tls, user, caFile: settings['ca-file'] },
    port: port === undefined ? undefined : Number(port),
    password: password === undefined ? undefined : parseSecretReference(password),
  };
}
