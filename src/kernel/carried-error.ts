/** Errors between threads: structured cloning loses the class and the fields of an error, so they travel as plain values. */
import type { ErrorCode } from './errors.ts';
import { HoldfastError, messageOf } from './errors.ts';

export interface CarriedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly retryable: boolean;
  readonly stack: string | undefined;
  /** the system's code (ENOSPC ...), where a system error is the cause or the error itself */
  readonly system: string | undefined;
}

/** Anything thrown, as a value that `postMessage` keeps whole. */
export function carryError(error: unknown): CarriedError {
  const known = error instanceof HoldfastError ? error : undefined;
  return {
    code: known?.code ?? 'failed',
    message: messageOf(error),
    hint: known?.hint,
    retryable: known?.retryable ?? false,
    stack: error instanceof Error ? error.stack : undefined,
    system: systemCode(known ? known.cause : error),
  };
}

/** The error again, with the stack of the thread it comes from. */
export function uncarryError(carried: CarriedError): HoldfastError {
  const error = new HoldfastError(carried.code, carried.message, {
    retryable: carried.retryable,
    ...(carried.hint === undefined ? {} : { hint: carried.hint }),
    ...(carried.system === undefined ? {} : { cause: { code: carried.system } }),
  });
  if (carried.stack !== undefined) error.stack = carried.stack;
  return error;
}

function systemCode(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return undefined;
  return typeof cause.code === 'string' ? cause.code : undefined;
}
