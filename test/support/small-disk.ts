/**
 * Small disks for tests: a tmpfs in a mount namespace of its own, which is gone when the test is, however that ends. Its
 * files are reached through /proc from outside. Needs root, or a kernel that gives users namespaces.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type Cleanup, tempFolder } from './temp.ts';
import { isCi } from './tools.ts';

export interface SmallDisk {
  readonly path: string;
  /** `size=60m`, `ro` and the like */
  remount(options: string): Promise<void>;
}

/** `-r`: as root of a namespace of the user's own. */
const ways = [['-m'], ['-rm']];

let found: readonly string[] | undefined;

/** The flags of unshare by which this process may mount; undefined when there are none. */
function wayToMount(): readonly string[] | undefined {
  found ??= ways.find(
    (flags) => spawnSync('unshare', [...flags, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0,
  );
  return found;
}

/** For the `skip` option: false when disks can be mounted, and in CI, where nothing may be skipped. */
export function skipWithoutDisk(): string | false {
  if (wayToMount() !== undefined || isCi()) return false;
  return 'a small disk cannot be mounted: needs root, or namespaces for users (unshare -rm)';
}

/** A disk with these mount options, such as `size=1m`. */
export async function smallDisk(t: Cleanup, options: string): Promise<SmallDisk> {
  const flags = wayToMount();
  if (flags === undefined) throw new Error('neither `unshare -m` nor `unshare -rm` may mount here');
  const place = tempFolder(t, 'holdfast-disk');
  // the shell mounts what it is told to, and holds the namespace until its input ends
  const child = spawn('unshare', [...flags, 'sh'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  t.after(() => end(child));
  const mount = async (...args: string[]): Promise<void> => {
    child.stdin.write(`mount ${args.join(' ')} '${place}' </dev/null; echo $?\n`);
    const { value } = await lines.next();
    if (value !== '0') throw new Error(`mount ${args.join(' ')}: status ${value}`);
  };
  await mount('-t', 'tmpfs', '-o', options, 'tmpfs');
  return {
    path: `/proc/${child.pid}/root${place}`,
    remount: (changed) => mount('-o', `remount,${changed}`),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.stdin?.end();
  await once(child, 'close');
}
