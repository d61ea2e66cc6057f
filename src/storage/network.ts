/** What the system's network errors mean, for storages that open connections themselves: one sentence and a hint each. */

/** `retryable`: it may pass without anybody changing anything. */
export type NetworkFault = readonly [message: string, retryable: boolean, hint?: string];

export const networkFaults: Readonly<Record<string, NetworkFault>> = {
  ENOTFOUND: ['its name is not known', false, 'check the spelling of the host, and the name service'],
  EAI_AGAIN: ['the name service does not answer', true],
  ECONNREFUSED: ['nothing listens there', true, 'check host and port, and that the server runs'],
  ECONNRESET: ['the connection was cut', true],
  ECONNABORTED: ['the connection was cut', true],
  EPIPE: ['the connection was cut', true],
  ETIMEDOUT: ['it does not answer', true],
  EHOSTUNREACH: ['there is no route to it', true],
  ENETUNREACH: ['there is no route to it', true],
};

/** The system's error code of anything thrown, looked for in its causes and in its parts; '' when there is none. */
export function networkCodeOf(error: unknown): string {
  const { code, cause, errors } = (error ?? {}) as { code?: unknown; cause?: unknown; errors?: unknown[] };
  if (typeof code === 'string' && code !== '') return code;
  if (Array.isArray(errors) && errors.length > 0) return networkCodeOf(errors[0]);
  return cause === undefined ? '' : networkCodeOf(cause);
}
