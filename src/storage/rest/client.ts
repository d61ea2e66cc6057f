/** One request of restic's REST protocol: authorised, sent, its refusal told in words. */
import type { Dispatcher } from 'undici';
import type { HoldfastError } from '../../kernel/errors.ts';
import { throwIfAborted } from '../../kernel/errors.ts';
import { closeDispatcher } from '../http/connect.ts';
import { networkError } from '../http/network-error.ts';
import { send } from '../http/send.ts';
import type { HttpRequest, HttpResponse } from '../http/send.ts';
import type { Limits } from '../limit.ts';
import { refusalError } from './errors.ts';
import type { RestPlace } from './errors.ts';
import type { RestLocation } from './location.ts';

export interface RestCall {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  /** below the location's path, with the query */
  readonly path: string;
  /** for messages, such as `write data/ab/abcd` */
  readonly action: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: HttpRequest['body'];
  /** for the answer's body, where it is large enough */
  readonly memory?: ArrayBuffer | undefined;
  readonly signal?: AbortSignal | undefined;
  /** refusals that are answers to the caller; everything else that is not 2xx throws */
  readonly accept?: readonly number[];
}

export interface RestClient {
  call(call: RestCall): Promise<HttpResponse>;
  /** the error of an answer that `accept` let through */
  refuse(response: HttpResponse, call: RestCall): HoldfastError;
  place(action: string): RestPlace;
  close(): Promise<void>;
}

export interface RestClientOptions {
  readonly location: RestLocation;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly dispatcher: Dispatcher;
  /** host and port of the proxy that the dispatcher asks, for messages */
  readonly proxy?: string | undefined;
  readonly limits: Limits;
  readonly userAgent: string;
}

export function createRestClient(options: RestClientOptions): RestClient {
  const { location, user, dispatcher, limits, proxy } = options;
  const { secure, host, path, socketPath, shown } = location;
  const server = socketPath ?? host;
  const always: Record<string, string> = { 'user-agent': options.userAgent };
  if (user !== undefined) {
    const pair = Buffer.from(`${user}:${options.password ?? ''}`).toString('base64');
    always['authorization'] = `Basic ${pair}`;
  }
  let closed: Promise<void> | undefined;
  const place = (action: string): RestPlace => ({ action, location: shown, server, user });

  return {
    place,
    async call({ method, path: below, action, headers, body, memory, signal, accept }) {
      throwIfAborted(signal);
      let response;
      try {
        response = await send(dispatcher, {
          ...{ method, body, memory, signal, limits },
          origin: `${secure ? 'https' : 'http'}://${host}`,
          path: path + below,
          headers: { ...always, ...headers },
        });
      } catch (error) {
        throwIfAborted(signal);
        throw networkError(error, {
          ...{ action, server, proxy },
          plainForm: 'rest:http://',
          authorities: '--cacert',
        });
      }
      if (response.status < 300 || accept?.includes(response.status)) return response;
      throw refusalError(response, place(action));
    },
    refuse: (response, { action }) => refusalError(response, place(action)),
    close: () => (closed ??= closeDispatcher(dispatcher)),
  };
}
