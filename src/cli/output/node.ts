/** How one entry of a snapshot is shown: a line of `ls -l`, JSON as restic's, and the export format of ncdu. */
import { pathToText } from '../../kernel/path-text.ts';
import type { Node } from '../../vaults/repository/format/node.ts';
import { fromGoMode, goMode } from '../../vaults/repository/format/go-mode.ts';
import { formatTime } from '../../vaults/repository/format/time.ts';
import { formatBytes, formatLocalTime } from './format.ts';

const letters: readonly (readonly [bit: number, letter: string])[] = [
  [goMode.dir, 'd'],
  [goMode.symlink, 'L'],
  [goMode.device, 'D'],
  [goMode.namedPipe, 'p'],
  [goMode.socket, 'S'],
  [goMode.setuid, 'u'],
  [goMode.setgid, 'g'],
  [goMode.charDevice, 'c'],
  [goMode.sticky, 't'],
  [goMode.irregular, '?'],
];

const typeBits: Record<Node['type'], number> = {
  file: 0,
  dir: goMode.dir,
  symlink: goMode.symlink,
  dev: goMode.device,
  chardev: goMode.device + goMode.charDevice,
  fifo: goMode.namedPipe,
  socket: goMode.socket,
  irregular: 0,
};

/** Go's text of a file mode: `drwxr-xr-x`, `-rw-r--r--`, `ugrwxr-xr-x`. */
export function formatMode(mode: number): string {
  const high = letters.filter(([bit]) => (mode & bit) !== 0).map(([, letter]) => letter);
  const low = [...'rwxrwxrwx'].map((letter, at) => ((mode >> (8 - at)) & 1 ? letter : '-'));
  return (high.join('') || '-') + low.join('');
}

/** "drwxr-xr-x     0     0      0 2024-05-06 07:08:09 /path" */
export function longLine(path: string, node: Node, human: boolean): string {
  const bytes = sizeOf(node);
  const size = human ? formatBytes(bytes) : String(bytes).padStart(6);
  const mode = formatMode(node.mode | typeBits[node.type]);
  const ids = `${String(node.uid).padStart(5)} ${String(node.gid).padStart(5)}`;
  const target = node.type === 'symlink' ? ` -> ${pathToText(node.linktarget ?? new Uint8Array(0))}` : '';
  return `${mode} ${ids} ${size} ${formatLocalTime(node.mtime.sec * 1000)} ${path}${target}`;
}

/** restic's object of `ls --json`. */
export function nodeJson(path: string, node: Node): object {
  return {
    name: text(node.name),
    type: node.type,
    path: path.toWellFormed(),
    uid: node.uid,
    gid: node.gid,
    size: node.type === 'file' ? node.size : undefined,
    mode: node.mode || undefined,
    permissions: formatMode(node.mode),
    mtime: formatTime(node.mtime),
    atime: formatTime(node.atime),
    ctime: formatTime(node.ctime),
    inode: node.inode || undefined,
    message_type: 'node',
    struct_type: 'node',
  };
}

/** restic's object of a match of `find --json`. */
export function matchJson(path: string, node: Node): object {
  return {
    path: path.toWellFormed(),
    permissions: formatMode(node.mode),
    type: node.type,
    mode: node.mode || undefined,
    mtime: formatTime(node.mtime),
    atime: formatTime(node.atime),
    ctime: formatTime(node.ctime),
    uid: node.uid,
    gid: node.gid,
    user: node.user || undefined,
    group: node.group || undefined,
    inode: node.inode || undefined,
    device_id: node.deviceId || undefined,
    size: node.size || undefined,
    links: node.links || undefined,
    linktarget: node.linktarget && text(node.linktarget),
  };
}

const ncduBlock = 512;

/** The object of one entry in ncdu's export format. */
export function ncduJson(node: Node): object {
  const size = sizeOf(node);
  return {
    name: text(node.name),
    asize: size,
    dsize: Math.ceil(size / ncduBlock) * ncduBlock,
    dev: node.deviceId,
    ino: node.inode,
    nlink: node.links,
    notreg: node.type !== 'dir' && node.type !== 'file',
    uid: node.uid,
    gid: node.gid,
    mode: fromGoMode(node.mode) & 0o7777,
    mtime: Math.max(0, node.mtime.sec),
  };
}

function sizeOf(node: Node): number {
  return node.type === 'file' ? node.size : 0;
}

/** For people and JSON: bytes that are no UTF-8 become replacement characters. */
function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}
