/**
 * The one error class of the program, and the one table from error codes to exit statuses.
 * A message is one clear lower-case sentence without a final period; a hint says what to do.
 */

/** Exit status of the process for each error code. Statuses are restic's wherever restic has one. */
export const exitStatuses = {
  /** anything that has no status of its own */
  failed: 1,
  /** the command line or a setting makes no sense */
  usage: 1,
  /** the bytes are not what they must be: bad MAC, bad hash, malformed structure */
  corrupt: 1,
  /** a file, object, blob or snapshot that was asked for does not exist */
  'not-found': 1,
  /** something is already there and must not be overwritten */
  exists: 1,
  /** the storage or the file system refuses: permissions, policies */
  forbidden: 1,
  /** the storage does not know the access key, or the signature is wrong */
  'bad-credentials': 1,
  /** the bucket lies in another region */
  'wrong-region': 1,
  'no-bucket': 1,
  /** this machine's clock and the server's are too far apart */
  'clock-skew': 1,
  /** network, DNS, TLS, time-outs, 5xx: worth another try */
  unreachable: 1,
  'disk-full': 1,
  /** fewer bytes came than were promised */
  truncated: 1,
  /** the repository's version or a feature is newer than this program */
  unsupported: 1,
  /** the work was done, but some source data could not be read: the snapshot is marked */
  incomplete: 3,
  'no-repository': 10,
  locked: 11,
  'wrong-password': 12,
  /** a drill restored something else than what was backed up */
  differs: 20,
  /** a drill could not take place: this machine lacks a program, an extension, room */
  'missing-here': 21,
  interrupted: 130,
} as const;

export type ErrorCode = keyof typeof exitStatuses;

export interface ErrorDetails {
  /** what the user can do about it, one sentence */
  readonly hint?: string;
  /** true when the same call may succeed later without anybody changing anything */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

export class HoldfastError extends Error {
  override readonly name = 'HoldfastError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.retryable = details.retryable ?? false;
  }
}

/** True when `error` is a HoldfastError with one of the codes. */
export function hasCode(error: unknown, ...codes: ErrorCode[]): error is HoldfastError {
  return error instanceof HoldfastError && codes.includes(error.code);
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Turns whatever an aborted signal carries into the one interruption error. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new HoldfastError('interrupted', 'interrupted', { cause: signal.reason });
}
