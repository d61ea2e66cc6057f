/** From the file system's error codes to sentences that say what to do. */
import { HoldfastError } from '../kernel/errors.ts';
import { systemText } from '../kernel/native/system-error.ts';

/** The errno of a file-system error, such as `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

const transient = new Set(['EAGAIN', 'EBUSY', 'EINTR', 'EMFILE', 'ENFILE', 'ESTALE', 'ETIMEDOUT']);

/** `action` is what was tried, such as `write data/ab/abcd`; `place` is the storage's root. */
export function localError(error: unknown, action: string, place: string): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const cause = { cause: error };
  const errno = errnoOf(error) ?? '';
  if (transient.has(errno)) {
    return new HoldfastError('failed', `cannot ${action} in ${place} at the moment: ${errno}`, {
      ...cause,
      retryable: true,
    });
  }
  switch (errno) {
    case 'ENOENT':
      return new HoldfastError('not-found', `cannot ${action} in ${place}: it does not exist`, cause);
    case 'ENOSPC':
      return new HoldfastError('disk-full', `cannot ${action} in ${place}: the disk is full`, {
        ...cause,
        hint: 'free some space; what was stored before is intact',
      });
    case 'EDQUOT':
      return new HoldfastError('disk-full', `cannot ${action} in ${place}: the disk quota is used up`, {
        ...cause,
        hint: 'raise the quota or free some space; what was stored before is intact',
      });
    case 'EROFS':
      return new HoldfastError('forbidden', `cannot ${action} in ${place}: the file system is read-only`, {
        ...cause,
        hint: 'mount it writable, or choose another place',
      });
    case 'EACCES':
    case 'EPERM':
      return new HoldfastError('forbidden', `cannot ${action} in ${place}: permission denied`, {
        ...cause,
        hint: 'run as the user who owns the folder, or change its permissions',
      });
    case 'ENOTDIR':
      return new HoldfastError(
        'failed',
        `cannot ${action} in ${place}: a file stands where a folder is needed`,
        {
          ...cause,
          hint: 'choose a place below a folder, or move the file away',
        },
      );
    case 'ENAMETOOLONG':
      return new HoldfastError('usage', `cannot ${action} in ${place}: the path is too long`, cause);
    case 'EIO':
      return new HoldfastError(
        'failed',
        `cannot ${action} in ${place}: the disk reports an input or output error`,
        {
          ...cause,
          hint: 'look into the system log; the disk may be failing',
        },
      );
    default:
      return new HoldfastError('failed', `cannot ${action} in ${place}: ${systemText(error)}`, cause);
  }
}

/** The error for a path whose root, or a folder inside it, is a file. */
export function notAFolderError(place: string, cause: unknown): HoldfastError {
  return new HoldfastError('no-repository', `${place} is a file, not a folder`, {
    hint: 'give the folder that holds the repository, or one that does not exist yet',
    cause,
  });
}
