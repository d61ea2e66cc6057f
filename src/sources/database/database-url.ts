/** What the URLs of all kinds of databases have in common: `%20` and the like, and the error when one makes no sense. */
import { HoldfastError } from '../../kernel/errors.ts';

/** Without its percent signs. Code `usage`. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw usage('the URL of the database has a % that encodes nothing', 'write % as %25', cause);
  }
}

export function usage(message: string, hint?: string, cause?: unknown): HoldfastError {
  return new HoldfastError('usage', message, { ...(hint === undefined ? {} : { hint }), cause });
}
