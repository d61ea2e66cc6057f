/** What the kernel keeps of files in memory: large files that are written or read once need not stay there. */
import { bindNative } from './symbols.ts';

/** POSIX_FADV_DONTNEED of Linux */
const dontNeed = 4;

type Advise = (fd: number, offset: number, length: number, advice: number) => number;

/** null: not asked for yet */
let advise: Advise | undefined | null = null;

/**
 * Gives the memory back in which the kernel keeps a part of a file; what was not synced yet stays. It is advice: where it
 * cannot be given, or a file system does not take it, nothing happens.
 * @param length bytes; 0: to the end
 */
export function forgetPages(fd: number, offset: number, length: number): void {
  if (process.platform !== 'linux') return;
  if (advise === null) {
    advise = bindNative('libc', (bind) =>
      bind<Advise>('int posix_fadvise(int fd, int64_t offset, int64_t length, int advice)'),
    );
  }
  advise?.(fd, offset, length, dontNeed);
}
