/** Sends an event by mail, over SMTP. */
import { readFile } from 'node:fs/promises';
import { createTransport } from 'nodemailer';
import { HoldfastError, messageOf, throwIfAborted } from '../../kernel/errors.ts';
import { fromNodeError } from '../../kernel/native/system-error.ts';
import { readSecret } from '../../kernel/secret.ts';
import type { MailRecipient, NotifyEvent } from './notification.ts';
import type { NotifyContext } from './notify.ts';

const timeoutMs = 30_000;
const usualPorts = { starttls: 587, implicit: 465, none: 25 } as const;

/** Codes `usage`, `bad-credentials`, `failed`, `unreachable`, `interrupted`. */
export async function sendMail(
  { name, from, to, server }: MailRecipient,
  event: NotifyEvent,
  { environment, signal }: NotifyContext,
): Promise<void> {
  const pass =
    server.password &&
    (await readSecret(server.password, `the password of the mail server of ${name}`, environment, signal));
  const ca = server.caFile === undefined ? undefined : await readAuthorities(server.caFile);
  throwIfAborted(signal);
  const transport = createTransport({
    host: server.host,
    port: server.port ?? usualPorts[server.tls],
    secure: server.tls === 'implicit',
    requireTLS: server.tls === 'starttls',
    ignoreTLS: server.tls === 'none',
    ...(server.user !== undefined && { auth: { user: server.user, pass: pass ?? '' } }),
    ...(ca !== undefined && { tls: { ca } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    // a message is made of our own text alone
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const stop = (): void => transport.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await transport.sendMail({
      from,
      to: [...to],
      subject: event.subject,
      text: event.message,
      headers: { 'Auto-Submitted': 'auto-generated' },
    });
  } catch (cause) {
    throwIfAborted(signal);
    throw mailError(`${server.host} did not take the mail for ${name}`, cause);
  } finally {
    signal.removeEventListener('abort', stop);
    transport.close();
  }
}

interface SmtpFailure {
  readonly code?: string;
  /** of the server's answer */
  readonly responseCode?: number;
}

function mailError(what: string, cause: unknown): HoldfastError {
  const { code, responseCode } = cause as SmtpFailure;
  const message = `${what}: ${messageOf(cause).replaceAll(/\s+/g, ' ').trim()}`;
  if (code === 'EAUTH') return new HoldfastError('bad-credentials', message);
  if (responseCode === undefined) return new HoldfastError('unreachable', message, { retryable: true });
  return new HoldfastError('failed', message, { retryable: responseCode >= 400 && responseCode < 500 });
}

async function readAuthorities(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw fromNodeError('open', Buffer.from(file), error);
  });
}
