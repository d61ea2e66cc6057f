/** What a REST server's refusals mean: one sentence and a hint each. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { Sentence } from '../http/network-error.ts';
import type { HttpResponse } from '../http/send.ts';

export interface RestPlace {
  /** such as `write data/ab/abcd` */
  readonly action: string;
  /** the location without secrets */
  readonly location: string;
  readonly server: string;
  readonly user: string | undefined;
}

const transient = new Set([408, 425, 429]);

export function refusalError(response: HttpResponse, place: RestPlace): HoldfastError {
  const { status } = response;
  const [code, message, hint] = sentenceFor(status, wordsOf(response), place);
  return new HoldfastError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    retryable: code === 'unreachable',
    cause: new Error(`HTTP ${status}`),
  });
}

/** The one sentence for a server that only takes, and gives nothing up. */
export function appendOnlyError({ action, location }: RestPlace): HoldfastError {
  return new HoldfastError('forbidden', `cannot ${action} in ${location}: the server only appends`, {
    hint: 'run forget and prune where the server is started without --append-only',
  });
}

function sentenceFor(status: number, words: string, place: RestPlace): Sentence {
  const { action, location, server, user } = place;
  const detail = words === '' ? `status ${status}` : `${words} (status ${status})`;
  if (status === 401) {
    return user === undefined
      ? [
          'bad-credentials',
          `${server} wants a user and a password`,
          'set HOLDFAST_REST_USERNAME and HOLDFAST_REST_PASSWORD',
        ]
      : [
          'bad-credentials',
          `${server} does not accept the user ${user} with this password`,
          'check HOLDFAST_REST_USERNAME and HOLDFAST_REST_PASSWORD, or the location',
        ];
  }
  if (status === 403) {
    return [
      'forbidden',
      `${server} does not permit to ${action} in ${location}`,
      'with --private-repos the path must begin with the name of the user',
    ];
  }
  if (status === 404) return ['not-found', `cannot ${action} in ${location}: it does not exist`];
  if (status === 413 || status === 507)
    return ['disk-full', `cannot ${action} in ${location}: the server has no space left for it`];
  if (status >= 500 && status !== 501 && status !== 505) {
    return ['unreachable', `${server} cannot ${action} at the moment: ${detail}`];
  }
  if (transient.has(status)) return ['unreachable', `${server} cannot ${action} at the moment: ${detail}`];
  return [
    'failed',
    `cannot ${action} in ${location}: the server answers ${detail}`,
    "check that the location names a server that speaks restic's REST protocol",
  ];
}

/** What the server says itself, when that is a short text and no page. */
function wordsOf({ body }: HttpResponse): string {
  const text = Buffer.from(body.buffer, 0, Math.min(body.length, 500)).toString();
  return /[<{]/.test(text) ? '' : text.replace(/\s+/g, ' ').trim();
}
