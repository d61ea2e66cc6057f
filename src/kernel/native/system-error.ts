/** One error for a system call that failed, whether libc or node:fs made the call. */
import { getSystemErrorMap } from 'node:util';
import { type ErrorCode, HoldfastError, messageOf } from '../errors.ts';

const codes: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'not-found',
  EEXIST: 'exists',
  EACCES: 'forbidden',
  EPERM: 'forbidden',
  EROFS: 'forbidden',
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
};

/** What stands under a HoldfastError that a failed system call became. */
export interface SystemCause {
  /** symbolic name: ENOENT */
  readonly code: string;
  readonly syscall: string;
}

/**
 * The error for a call that failed with `errno` (positive, or negative as node and libc bindings hand it on).
 * @param what what was being done, a verb phrase without the path: `open`
 */
export function systemError(what: string, path: Uint8Array, errno: number): HoldfastError {
  const [name, text] = getSystemErrorMap().get(-Math.abs(errno)) ?? [
    `errno ${Math.abs(errno)}`,
    'unknown error',
  ];
  return failure(what, path, name, text);
}

/** The error for what a node:fs call threw; anything that is no system error is handed back as it is. */
export function fromNodeError(what: string, path: Uint8Array, error: unknown): unknown {
  const errno = (error as NodeJS.ErrnoException | undefined)?.errno;
  if (error instanceof HoldfastError || typeof errno !== 'number') return error;
  return systemError(what, path, errno);
}

/** What the system says of a node:fs or child_process error, without Node's own words around it. */
export function systemText(error: unknown): string {
  const errno = (error as NodeJS.ErrnoException | undefined)?.errno;
  return (typeof errno === 'number' && getSystemErrorMap().get(errno)?.[1]) || messageOf(error);
}

/** Runs a node:fs call and turns what it throws. */
export function calling<T>(what: string, path: Uint8Array, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fromNodeError(what, path, error);
  }
}

/** Throws when `result` of a libc call is a negative errno. */
export function checkResult(what: string, path: Uint8Array, result: number): number {
  if (result < 0) throw systemError(what, path, result);
  return result;
}

/** The symbolic errno name of a failed system call, undefined for any other error. */
export function errnoName(error: unknown): string | undefined {
  if (error instanceof HoldfastError) return (error.cause as SystemCause | undefined)?.code;
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

/** A raw path as text for people: what is not UTF-8 or not printable is escaped as \xNN. */
export function showPath(path: Uint8Array): string {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(path);
  if (!text.includes('\ufffd')) return text.replace(/[\0-\x1f\x7f]/g, escapeByte);
  let out = '';
  for (const char of Buffer.from(path).toString('latin1')) out += char > '~' ? escapeByte(char) : char;
  return out.replace(/[\0-\x1f\x7f]/g, escapeByte);
}

function escapeByte(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

function failure(what: string, path: Uint8Array, name: string, text: string): HoldfastError {
  const cause: SystemCause = { code: name, syscall: what };
  return new HoldfastError(codes[name] ?? 'failed', `${what} ${showPath(path)}: ${text}`, { cause });
}
