/** Go's os.FileMode, which trees hold, from and to the st_mode of stat(2). */

/** Bits of Go's mode; unsigned numbers, so mask results with `>>> 0`. */
export const goMode = {
  dir: 0x8000_0000,
  symlink: 0x0800_0000,
  device: 0x0400_0000,
  namedPipe: 0x0200_0000,
  socket: 0x0100_0000,
  setuid: 0x0080_0000,
  setgid: 0x0040_0000,
  charDevice: 0x0020_0000,
  sticky: 0x0010_0000,
  irregular: 0x0008_0000,
  permissions: 0o777,
} as const;

/** Bits of st_mode. */
export const statMode = {
  format: 0o170000,
  socket: 0o140000,
  symlink: 0o120000,
  regular: 0o100000,
  blockDevice: 0o060000,
  directory: 0o040000,
  charDevice: 0o020000,
  fifo: 0o010000,
  setuid: 0o4000,
  setgid: 0o2000,
  sticky: 0o1000,
} as const;

const formats: readonly (readonly [stat: number, go: number])[] = [
  [statMode.regular, 0],
  [statMode.directory, goMode.dir],
  [statMode.symlink, goMode.symlink],
  [statMode.blockDevice, goMode.device],
  [statMode.charDevice, goMode.device | goMode.charDevice],
  [statMode.fifo, goMode.namedPipe],
  [statMode.socket, goMode.socket],
];
const typeBits =
  (goMode.dir |
    goMode.symlink |
    goMode.device |
    goMode.charDevice |
    goMode.namedPipe |
    goMode.socket |
    goMode.irregular) >>>
  0;

/** Go's mode of a st_mode, unsigned; a file type that Go does not know has no type bits, as Go does. */
export function toGoMode(stMode: number): number {
  const format = stMode & statMode.format;
  let mode = stMode & goMode.permissions;
  for (const [stat, go] of formats) if (stat === format) mode |= go;
  if (stMode & statMode.setuid) mode |= goMode.setuid;
  if (stMode & statMode.setgid) mode |= goMode.setgid;
  if (stMode & statMode.sticky) mode |= goMode.sticky;
  return mode >>> 0;
}

/** The st_mode of Go's mode; the format bits are 0 for a type that stat(2) does not have. */
export function fromGoMode(mode: number): number {
  const type = (mode & typeBits) >>> 0;
  let stMode = mode & goMode.permissions;
  for (const [stat, go] of formats) if (go >>> 0 === type) stMode |= stat;
  if (mode & goMode.setuid) stMode |= statMode.setuid;
  if (mode & goMode.setgid) stMode |= statMode.setgid;
  if (mode & goMode.sticky) stMode |= statMode.sticky;
  return stMode;
}
