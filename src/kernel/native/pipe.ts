/**
 * A pipe that holds a mebibyte and is read by the thread that wants the bytes: what a fast program writes costs less
 * than through Node's own, and comes into the cache of the right processor.
 */
import { HoldfastError } from '../errors.ts';
import { bindOnLinux } from './symbols.ts';

export interface WidePipe {
  readonly readEnd: number;
  readonly writeEnd: number;
  /** Reads what is there, without waiting for more: how many bytes, 0 at the end, -1 when nothing is there yet. */
  readNow(into: Uint8Array): number;
  /** Resolves when something is there, the writer is gone, or half a second has passed. */
  readable(): Promise<void>;
}

type Poll = ((entries: Int32Array, count: number, timeoutMs: number) => number) & {
  async(
    entries: Int32Array,
    count: number,
    timeoutMs: number,
    done: (error: Error | null, ready: number) => void,
  ): void;
};

interface Calls {
  readonly pipe: (ends: Int32Array, flags: number) => number;
  readonly control: (fd: number, command: number, value: number) => number;
  readonly read: (fd: number, into: Uint8Array, count: number) => number;
  readonly poll: Poll;
  readonly errno: () => number;
}

// Linux's numbers.
const closeOnExec = 0o2000000;
const nonBlocking = 0o4000;
const [setFlags, setPipeSize] = [4, 1031];
const pollIn = 1;
const [interrupted, tryAgain] = [4, 11];

const pipeSize = 1024 * 1024;
const patienceMs = 500;

const calls = bindOnLinux<Calls>((bind, koffi) => ({
  pipe: bind('int pipe2(_Out_ int *ends, int flags)'),
  control: bind('int fcntl(int fd, int command, int value)'),
  read: bind('long read(int fd, void *into, size_t count)'),
  poll: bind('int poll(void *entries, unsigned long count, int timeout)'),
  errno: () => koffi.errno(),
}));

/** A pipe whose both ends are closed in child processes that are not given them; undefined where that cannot be had. */
export function openWidePipe(): WidePipe | undefined {
  const ends = new Int32Array(2);
  if (!calls || calls.pipe(ends, closeOnExec) !== 0) return undefined;
  const [readEnd = -1, writeEnd = -1] = ends;
  // refused where a user has many pipes; a narrow one works too
  calls.control(writeEnd, setPipeSize, pipeSize);
  calls.control(readEnd, setFlags, nonBlocking);
  const entry = new Int32Array([readEnd, pollIn]);
  return {
    readEnd,
    writeEnd,
    readNow(into) {
      const count = calls.read(readEnd, into, into.length);
      if (count >= 0) return count;
      const errno = calls.errno();
      if (errno === tryAgain || errno === interrupted) return -1;
      throw new HoldfastError('failed', `a program's output cannot be read: error ${errno}`);
    },
    readable: () =>
      new Promise((resolve, reject) => {
        calls.poll.async(entry, 1, patienceMs, (error) => (error ? reject(error) : resolve()));
      }),
  };
}
