/** What `notifications:` may say: who is told how runs went. */
import type * as z from 'zod';
import { parseSecretReference } from '../../kernel/secret.ts';
import { choice, oneOrMany, place, secret, settings, text } from './value.ts';

const named = {
  profile: oneOrMany(text, 'the name of a profile')
    .describe('profiles whose settings hold where this notification says nothing')
    .optional(),
  description: text.describe('for people').optional(),
};

const common = {
  when: oneOrMany(choice(['success', 'warning', 'failure']), 'success, warning or failure')
    .describe('outcomes that are told; warning and failure without it')
    .optional(),
  'ca-file': text.describe('PEM file of authorities to trust instead of the usual ones').optional(),
};

const webhook = {
  format: choice(['form', 'json'])
    .describe('form has the fields of backup-container; json without it')
    .optional(),
  'project-name': text.describe('the field projectName').optional(),
  'project-friendly-name': text.describe('the field projectFriendlyName').optional(),
  token: secret.describe('where the token is that is sent as Authorization: Bearer').optional(),
};

const mail = {
  from: text.describe('sender').optional(),
  server: text
    .regex(/^(?:\[[^\]]+\]|[^\s:/@]+)(?::\d{1,5})?$/, { error: 'expected HOST or HOST:PORT' })
    .describe('host of the mail server, or host:port')
    .optional(),
  tls: choice(['starttls', 'implicit', 'none'])
    .describe('starttls (port 587), implicit (465) or none (25); starttls without it')
    .optional(),
  user: text.describe('who logs in there').optional(),
  password: secret.describe('where the password for that is').optional(),
};

const isWebhook = (value: string): boolean =>
  parseSecretReference(value) !== undefined || /^https?:\/\/./.test(value);

export const notificationKinds = {
  webhook: settings({
    webhook: place
      .refine(isWebhook, { error: 'expected a URL of http or https, or where it is, as env:NAME' })
      .describe('URL that is posted to, or where it is: env:NAME, file:PATH, command:COMMAND'),
    ...webhook,
    ...common,
    ...named,
  }),
  mail: settings({
    mail: oneOrMany(
      text.regex(/^[^@\s]+@[^@\s]+$/, { error: 'expected a mail address' }),
      'a mail address',
    ).describe('who gets it'),
    ...mail,
    ...common,
    ...named,
  }),
};

/** What defaults and profiles may say of notifications; each takes what it knows. */
export const notificationDefaults = settings({ ...webhook, ...mail, ...common });

export type WebhookNotification = z.infer<typeof notificationKinds.webhook>;
export type MailNotification = z.infer<typeof notificationKinds.mail>;
