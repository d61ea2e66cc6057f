/**
 * The C library's file calls that Node does not offer, or offers too slowly or without a directory handle.
 * Linux only: elsewhere, and without koffi, `libc` is null and callers take node:fs.
 */
import { bindNative } from './symbols.ts';

/** Flags and constants of Linux, the same on every architecture that Node runs on unless noted. */
export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_REMOVEDIR = 0x200;
export const AT_EMPTY_PATH = 0x1000;
/** a descriptor that stands for a name without opening it */
export const O_PATH = 0o10000000;
/** close the descriptor in child processes */
export const O_CLOEXEC = 0o2000000;
/** STATX_BASIC_STATS */
export const STATX_BASIC = 0x7ff;

/** the same number on every architecture */
const SYS_OPENAT2 = 437;
const RESOLVE_NO_SYMLINKS = 0x04n;
const RESOLVE_BENEATH = 0x08n;

/** A number that stands for a place in memory; addresses of user space fit into a double. */
type Address = number;

/**
 * Every call answers a negative errno when it fails. `path` arguments are NUL-terminated bytes (see `cString`);
 * a relative one is looked up from the directory `dir`.
 */
export interface Libc {
  /** where the bytes lie; they must stay referenced, and be larger than 64 bytes so that V8 keeps them in place */
  address(bytes: Uint8Array): Address;
  openAt(dir: number, path: Uint8Array, flags: number, mode: number): number;
  /** opens without passing through any symlink or out of `dir`; -38 (ENOSYS) before Linux 5.6 */
  openBeneath(dir: number, path: Uint8Array, flags: number): number;
  close(fd: number): number;
  getDents(fd: number, out: Address, size: number): number;
  statx(dir: number, path: Address, flags: number, mask: number, out: Address): number;
  statxPath(dir: number, path: Uint8Array, flags: number, mask: number, out: Uint8Array): number;
  readLinkAt(dir: number, path: Uint8Array, out: Uint8Array): number;
  makeDirectoryAt(dir: number, path: Uint8Array, mode: number): number;
  unlinkAt(dir: number, path: Uint8Array, flags: number): number;
  linkAt(fromDir: number, from: Uint8Array, toDir: number, to: Uint8Array): number;
  symlinkAt(target: Uint8Array, dir: number, path: Uint8Array): number;
  makeNodeAt(dir: number, path: Uint8Array, mode: number, device: bigint): number;
  chownAt(dir: number, path: Uint8Array, uid: number, gid: number): number;
  chmodAt(dir: number, path: Uint8Array, mode: number): number;
  chown(fd: number, uid: number, gid: number): number;
  chmod(fd: number, mode: number): number;
  /** `times`: two struct timespec, of access and of modification; never follows a symlink */
  setTimesAt(dir: number, path: Uint8Array, times: Uint8Array): number;
  setTimes(fd: number, times: Uint8Array): number;
  listAttributes(path: Uint8Array, out: Uint8Array): number;
  getAttribute(path: Uint8Array, name: Uint8Array, out: Uint8Array): number;
  setAttribute(path: Uint8Array, name: Uint8Array, value: Uint8Array): number;
  removeAttribute(path: Uint8Array, name: Uint8Array): number;
  listAttributesOf(fd: number, out: Uint8Array): number;
  getAttributeOf(fd: number, name: Uint8Array, out: Uint8Array): number;
  setAttributeOf(fd: number, name: Uint8Array, value: Uint8Array): number;
  removeAttributeOf(fd: number, name: Uint8Array): number;
  allocate(fd: number, offset: number, length: number): number;
  truncate(fd: number, size: number): number;
  /** the record of a user or group, read from where the system keeps them: the bytes of its name */
  userName(uid: number): Uint8Array | undefined;
  groupName(gid: number): Uint8Array | undefined;
  userId(name: Uint8Array): number | undefined;
  groupId(name: Uint8Array): number | undefined;
}

type Call<A extends unknown[]> = (...args: A) => number;
type Bytes = Uint8Array;
type Lookup<K> = (key: K, record: Bytes, text: Bytes, size: number, found: BigUint64Array) => number;

function bindLibc(): Libc | undefined {
  return bindNative('libc', (bind, koffi) => {
    const checked = <A extends unknown[]>(prototype: string): Call<A> =>
      // a closure per call keeps the argument count fixed, which the optimiser inlines
      {
        const call = bind<Call<A>>(prototype);
        return (...args: A) => {
          const result = Number(call(...args));
          return result < 0 ? -koffi.errno() : result;
        };
      };
    const statx = bind<(...args: number[]) => number>(
      'int statx(int dir, uintptr_t path, int flags, unsigned int mask, uintptr_t out)',
    );
    const getDents = bind<(fd: number, out: Address, size: number) => number | bigint>(
      'intptr_t getdents64(int fd, uintptr_t out, size_t size)',
    );
    const address = (bytes: Bytes): Address => Number(koffi.address(bytes));
    const lookup = <K>(prototype: string) => accountLookup(bind<Lookup<K>>(prototype), address);
    const byUid = lookup<number>(
      'int getpwuid_r(unsigned int id, void *record, void *text, size_t size, void *found)',
    );
    const byGid = lookup<number>(
      'int getgrgid_r(unsigned int id, void *record, void *text, size_t size, void *found)',
    );
    const byUser = lookup<Bytes>(
      'int getpwnam_r(const uint8_t *name, void *record, void *text, size_t size, void *found)',
    );
    const byGroup = lookup<Bytes>(
      'int getgrnam_r(const uint8_t *name, void *record, void *text, size_t size, void *found)',
    );
    const link = checked<[number, Bytes, number, Bytes, number]>(
      'int linkat(int fromDir, const uint8_t *from, int toDir, const uint8_t *to, int flags)',
    );
    const chownAt = checked<[number, Bytes, number, number, number]>(
      'int fchownat(int dir, const uint8_t *path, unsigned int uid, unsigned int gid, int flags)',
    );
    const chmodAt = checked<[number, Bytes, number, number]>(
      'int fchmodat(int dir, const uint8_t *path, unsigned int mode, int flags)',
    );
    const setTimesAt = checked<[number, Bytes, Bytes, number]>(
      'int utimensat(int dir, const uint8_t *path, const void *times, int flags)',
    );
    const systemCall = checked<[number, number, Bytes, BigUint64Array, number]>(
      'long syscall(long number, int dir, const uint8_t *path, const void *how, size_t size)',
    );
    const list = checked<[Bytes, Bytes, number]>(
      'intptr_t llistxattr(const uint8_t *path, void *out, size_t size)',
    );
    const listOf = checked<[number, Bytes, number]>('intptr_t flistxattr(int fd, void *out, size_t size)');
    const get = checked<[Bytes, Bytes, Bytes, number]>(
      'intptr_t lgetxattr(const uint8_t *path, const uint8_t *name, void *out, size_t size)',
    );
    const getOf = checked<[number, Bytes, Bytes, number]>(
      'intptr_t fgetxattr(int fd, const uint8_t *name, void *out, size_t size)',
    );
    const set = checked<[Bytes, Bytes, Bytes, number, number]>(
      'int lsetxattr(const uint8_t *path, const uint8_t *name, const void *value, size_t size, int flags)',
    );
    const setOf = checked<[number, Bytes, Bytes, number, number]>(
      'int fsetxattr(int fd, const uint8_t *name, const void *value, size_t size, int flags)',
    );
    const readLinkAt = checked<[number, Bytes, Bytes, number]>(
      'intptr_t readlinkat(int dir, const uint8_t *path, void *out, size_t size)',
    );
    const allocate = checked<[number, number, number, number]>(
      'int fallocate(int fd, int mode, int64_t offset, int64_t length)',
    );
    const statxPath = checked<[number, Bytes, number, number, Bytes]>(
      'int statx(int dir, const uint8_t *path, int flags, unsigned int mask, void *out)',
    );
    return {
      address,
      openAt: checked('int openat(int dir, const uint8_t *path, int flags, unsigned int mode)'),
      openBeneath: (dir, path, flags) => {
        // struct open_how: flags, mode, resolve
        const how = BigUint64Array.of(BigInt(flags), 0n, RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH);
        return systemCall(SYS_OPENAT2, dir, path, how, how.byteLength);
      },
      close: checked('int close(int fd)'),
      getDents: (fd, out, size) => {
        const n = Number(getDents(fd, out, size));
        return n < 0 ? -koffi.errno() : n;
      },
      statx: (dir, path, flags, mask, out) => (statx(dir, path, flags, mask, out) < 0 ? -koffi.errno() : 0),
      statxPath,
      readLinkAt: (dir, path, out) => readLinkAt(dir, path, out, out.length),
      makeDirectoryAt: checked('int mkdirat(int dir, const uint8_t *path, unsigned int mode)'),
      unlinkAt: checked('int unlinkat(int dir, const uint8_t *path, int flags)'),
      linkAt: (fromDir, from, toDir, to) => link(fromDir, from, toDir, to, 0),
      symlinkAt: checked('int symlinkat(const uint8_t *target, int dir, const uint8_t *path)'),
      makeNodeAt: checked('int mknodat(int dir, const uint8_t *path, unsigned int mode, uint64_t device)'),
      chownAt: (dir, path, uid, gid) => chownAt(dir, path, uid, gid, AT_SYMLINK_NOFOLLOW),
      chmodAt: (dir, path, mode) => chmodAt(dir, path, mode, 0),
      chown: checked('int fchown(int fd, unsigned int uid, unsigned int gid)'),
      chmod: checked('int fchmod(int fd, unsigned int mode)'),
      setTimesAt: (dir, path, times) => setTimesAt(dir, path, times, AT_SYMLINK_NOFOLLOW),
      setTimes: checked('int futimens(int fd, const void *times)'),
      listAttributes: (path, out) => list(path, out, out.length),
      getAttribute: (path, name, out) => get(path, name, out, out.length),
      setAttribute: (path, name, value) => set(path, name, value, value.length, 0),
      removeAttribute: checked('int lremovexattr(const uint8_t *path, const uint8_t *name)'),
      listAttributesOf: (fd, out) => listOf(fd, out, out.length),
      getAttributeOf: (fd, name, out) => getOf(fd, name, out, out.length),
      setAttributeOf: (fd, name, value) => setOf(fd, name, value, value.length, 0),
      removeAttributeOf: checked('int fremovexattr(int fd, const uint8_t *name)'),
      allocate: (fd, offset, length) => allocate(fd, 0, offset, length),
      truncate: checked('int ftruncate(int fd, int64_t size)'),
      userName: (uid) => byUid(uid)?.name,
      groupName: (gid) => byGid(gid)?.name,
      userId: (name) => byUser(name)?.id,
      groupId: (name) => byGroup(name)?.id,
    };
  });
}

/** Both passwd and group begin with two pointers, name and password, and then the id. */
function accountLookup<K>(call: Lookup<K>, address: (bytes: Bytes) => Address) {
  const record = new Uint8Array(128);
  const pointers = new BigUint64Array(record.buffer);
  const ids = new Uint32Array(record.buffer);
  const found = new BigUint64Array(16);
  let text = new Uint8Array(4096);
  return (key: K): { name: Uint8Array; id: number } | undefined => {
    for (;;) {
      const status = call(key, record, text, text.length, found);
      // ERANGE: a group with very many members
      if (status === 34 && text.length < 1 << 26) text = new Uint8Array(text.length * 4);
      else if (status !== 0 || found[0] === 0n) return undefined;
      else break;
    }
    const start = Number(pointers[0]) - address(text);
    const end = text.indexOf(0, start);
    return { name: text.slice(start, end), id: ids[4]! };
  };
}

/** The bindings of this thread, or null where they cannot be had. */
export const libc: Libc | null = (process.platform === 'linux' ? bindLibc() : undefined) ?? null;
