/** What to say when output cannot be written: to standard output, or to a file that was named. */
import { getSystemErrorMessage } from 'node:util';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';

/** `what`: `standard output`, or a path. A HoldfastError comes from whoever made the bytes, and stays as it is. */
export function unwritable(what: string, cause: unknown): HoldfastError {
  if (cause instanceof HoldfastError) return cause;
  const { code, errno } = cause as NodeJS.ErrnoException;
  const reason = errno === undefined ? messageOf(cause) : getSystemErrorMessage(errno);
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new HoldfastError(full ? 'disk-full' : 'failed', `${what} cannot be written: ${reason}`, {
    ...(full ? { hint: 'free some space, or write to another place' } : {}),
    cause,
  });
}
