/** Posts an event to a URL: in the form that receivers of backup-container know, or as JSON. */
import { readFileSync } from 'node:fs';
import { EnvHttpProxyAgent, request } from 'undici';
import { HoldfastError, messageOf, throwIfAborted } from '../../kernel/errors.ts';
import { fromNodeError } from '../../kernel/native/system-error.ts';
import { readSecret } from '../../kernel/secret.ts';
import type { NotifyEvent, Outcome, WebhookRecipient } from './notification.ts';
import type { NotifyContext } from './notify.ts';

const statusCodes: Readonly<Record<Outcome, string>> = { success: 'INFO', warning: 'WARN', failure: 'ERROR' };
const timeoutMs = 30_000;
/** What of an answer is read; the rest is of no use in a message. */
const keptAnswer = 300;

/** Codes `usage`, `failed`, `unreachable`, `interrupted`; the URL may be a secret, and stands in no message. */
export async function sendWebhook(
  recipient: WebhookRecipient,
  event: NotifyEvent,
  context: NotifyContext,
): Promise<void> {
  const { name, format, token } = recipient;
  const url = await webhookUrl(recipient, context);
  const secret =
    token &&
    (await readSecret(token, `the token of the webhook ${name}`, context.environment, context.signal));
  const fields = {
    projectFriendlyName: recipient.projectFriendlyName ?? '',
    projectName: recipient.projectName ?? '',
    statusCode: statusCodes[event.outcome],
    message: event.message,
  };
  const body =
    format === 'form'
      ? new URLSearchParams(fields).toString()
      : JSON.stringify({ ...fields, subject: event.subject, outcome: event.outcome, ...event.details });
  const type = format === 'form' ? 'application/x-www-form-urlencoded' : 'application/json';
  await using agent = agentFor(recipient, context.environment);
  let status: number;
  let answer: string;
  try {
    const response = await request(url, {
      method: 'POST',
      headers: { 'content-type': type, ...(secret && { authorization: `Bearer ${secret}` }) },
      body,
      dispatcher: agent.dispatcher,
      signal: AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)]),
    });
    status = response.statusCode;
    answer = (await response.body.text()).slice(0, keptAnswer).replaceAll(/\s+/g, ' ').trim();
  } catch (cause) {
    throwIfAborted(context.signal);
    throw new HoldfastError('unreachable', `the webhook ${name} cannot be reached: ${reasonOf(cause)}`, {
      retryable: true,
    });
  }
  if (status >= 200 && status < 300) return;
  throw new HoldfastError('failed', `the webhook ${name} answered with status ${status}`, {
    ...(answer !== '' && { hint: answer }),
    retryable: status >= 500 || status === 429,
  });
}

async function webhookUrl({ name, url }: WebhookRecipient, context: NotifyContext): Promise<URL> {
  const what = `the URL of the webhook ${name}`;
  const text =
    typeof url === 'string' ? url : await readSecret(url, what, context.environment, context.signal);
  const parsed = URL.parse(text);
  if (parsed && /^https?:$/.test(parsed.protocol)) return parsed;
  throw new HoldfastError('usage', `${what} is not one of http or https`);
}

function agentFor(
  { caFile }: WebhookRecipient,
  environment: NotifyContext['environment'],
): AsyncDisposable & { readonly dispatcher: EnvHttpProxyAgent } {
  const variable = (name: string): string => environment[name.toLowerCase()] ?? environment[name] ?? '';
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy: variable('HTTP_PROXY'),
    httpsProxy: variable('HTTPS_PROXY'),
    noProxy: variable('NO_PROXY'),
    ...(caFile !== undefined && { connect: { ca: readAuthorities(caFile) } }),
  });
  return { dispatcher, [Symbol.asyncDispose]: () => dispatcher.destroy() };
}

function readAuthorities(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw fromNodeError('open', Buffer.from(file), error);
  }
}

/** What the system or TLS says; undici hides it below its own words. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (inner instanceof AggregateError && inner.errors.length > 0) return messageOf(inner.errors[0]);
  if (inner instanceof DOMException && inner.name === 'TimeoutError') {
    return `no answer within ${timeoutMs / 1000} seconds`;
  }
  return messageOf(inner);
}
