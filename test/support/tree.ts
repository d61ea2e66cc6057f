/**
 * Makes a folder with everything odd that a file system can hold, always the same for the same seed, and compares two
 * folders byte by byte with all their metadata. Uses the system's own programs where Node has no call, so that nothing
 * of ours judges itself.
 */
import { spawnSync } from 'node:child_process';
import {
  type BigIntStats,
  closeSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';

export interface TreeOptions {
  /** default 1; another seed gives other contents in the same shape */
  readonly seed?: number;
  /** devices, other owners: only root can make these; default what this process may do */
  readonly privileged?: boolean;
  /** xattrs and ACLs; default true */
  readonly attributes?: boolean;
}

/** Deterministic bytes: xorshift128, half of them compressible. */
export function seededBytes(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let a = (seed ^ 0x9e3779b9) | 1;
  for (let at = 0; at < length; at++) {
    if ((at & 3) === 0 || (at >> 12) % 2 === 0) {
      a ^= a << 13;
      a ^= a >>> 17;
      a ^= a << 5;
    }
    bytes[at] = a & 0xff;
  }
  return bytes;
}

/** Fills an existing empty folder. */
export function makeTree(root: string, options: TreeOptions = {}): void {
  const seed = options.seed ?? 1;
  const base = Buffer.from(`${root}/`);
  const path = (name: string | Buffer): Buffer => Buffer.concat([base, Buffer.from(name)]);
  const file = (name: string | Buffer, data: string | Buffer): void => writeFileSync(path(name), data);

  for (const name of ['plain', 'plain/deep', 'plain/deep/er', 'empty folder', 'odd', 'modes', 'links']) {
    mkdirSync(path(name));
  }
  file('plain/empty', '');
  file('plain/hello.txt', 'hello\n');
  file('plain/one byte', 'x');
  file('plain/large.bin', seededBytes(3_500_000, seed));
  file('plain/copy of large.bin', seededBytes(3_500_000, seed));
  file('plain/deep/random.bin', seededBytes(700_000, seed + 1));
  file('plain/deep/er/notes', Buffer.alloc(40_000, 'all work and no play '));
  for (let index = 0; index < 40; index++)
    file(`plain/deep/small-${index}`, seededBytes(index * 97, seed + index));

  for (const name of oddNames())
    file(Buffer.concat([Buffer.from('odd/'), name]), `content of ${name.toString('hex')}`);

  const sparse = openSync(path('odd/sparse'), 'w');
  writeSync(sparse, 'head', 0);
  writeSync(sparse, 'middle', 2_000_000);
  ftruncateSync(sparse, 5_000_000);
  closeSync(sparse);

  symlinkSync('../plain/hello.txt', path('links/relative'));
  symlinkSync('/nowhere/at/all', path('links/dangling'));
  symlinkSync('.', path('links/self'));
  symlinkSync(Buffer.from([0x74, 0xff, 0xfe, 0x2f, 0xc3]), path('links/not utf-8'));
  linkSync(path('plain/hello.txt'), path('links/hard'));
  linkSync(path('plain/deep/random.bin'), path('links/hard too'));

  makeSpecials(root, options);
}

/** File names that programs get wrong; all legal on Linux. */
function oddNames(): Buffer[] {
  const texts = [
    ' leading',
    'trailing ',
    'new\nline',
    'tab\t',
    'quote"',
    "it's",
    'back\\slash',
    '*',
    '?',
    '[a]',
    '-dash',
  ];
  texts.push(
    '\u00fc\u00df\u20ac',
    '\u{1f680}',
    'e\u0301',
    '$HOME',
    '~',
    '.hidden',
    '..two',
    'a:b',
    '%41',
    '\u007f',
    '\u0001',
  );
  texts.push('x'.repeat(255), '\u2028');
  return [
    ...texts.map((text) => Buffer.from(text)),
    Buffer.from([0xff, 0xfe, 0x80]),
    Buffer.from('caf\xe9', 'latin1'),
  ];
}

function makeSpecials(root: string, options: TreeOptions): void {
  const privileged = options.privileged ?? process.getuid?.() === 0;
  const lines = [
    'set -e',
    'mkfifo odd/fifo',
    'for mode in 0400 0644 0777 1755 2755 4755 6711; do echo $mode > modes/$mode; chmod $mode modes/$mode; done',
    'mkdir modes/sticky modes/private; chmod 1777 modes/sticky; chmod 0700 modes/private',
  ];
  if (privileged) {
    lines.push(
      'mknod odd/null c 1 3; mknod odd/block b 7 200',
      'chown 12345:54321 plain/one\\ byte modes/private',
    );
    lines.push('chown -h 12345:54321 links/dangling', 'echo closed > modes/0000; chmod 0000 modes/0000');
  }
  if (options.attributes ?? true) {
    lines.push(
      'setfattr -n user.comment -v "a value" plain/hello.txt',
      'setfattr -n user.binary -v 0x00ff0a27 plain/large.bin',
      'setfattr -n user.empty plain/empty',
      'setfattr -n user.folder -v yes plain/deep',
      'setfacl -m u:1234:r,g:4321:rw plain/deep/er/notes',
      'setfacl -d -m u:1234:rwx plain/deep/er',
    );
  }
  // every entry its own time with nanoseconds, children before their folders; one before 1970, one past 2038
  lines.push(
    'n=0; find . -depth -mindepth 1 -print0 | sort -z -r | while IFS= read -r -d "" p; do ' +
      'n=$((n + 1)); touch -h -d "@$((1000000000 + n * 7919)).$(printf %09d $((n * 1234567 % 1000000000)))" -- "$p"; done',
    'touch -d @-86400.5 plain/one\\ byte; touch -d @4102444800.000000001 plain/empty; touch -d @1234567890.123456789 plain .',
  );
  const result = spawnSync('bash', ['-c', lines.join('\n')], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (result.status !== 0) throw new Error(`cannot make the test tree: ${result.stderr}`);
}

export interface CompareOptions {
  /** owners and groups, default true */
  readonly owners?: boolean;
  /** modification times to the nanosecond, default true */
  readonly times?: boolean;
  /** extended attributes and ACLs, default true */
  readonly attributes?: boolean;
  /** holes in files must be holes again (the copy may take at most 64 KiB more on disk), default false */
  readonly holes?: boolean;
  /** metadata of the two folders themselves, default true */
  readonly roots?: boolean;
}

/** What differs between two folders, one sentence a difference; empty when they are the same. */
export function compareTrees(left: string, right: string, options: CompareOptions = {}): string[] {
  const a = describe(left, options);
  const b = describe(right, options);
  const differences: string[] = [];
  for (const [name, entry] of a) {
    const other = b.get(name);
    if (other === undefined) {
      differences.push(`${show(name)}: only in ${left}`);
      continue;
    }
    for (const [what, value] of Object.entries(entry.facts)) {
      const found = other.facts[what];
      if (found !== value) differences.push(`${show(name)}: ${what} ${value} became ${found}`);
    }
    if (entry.isFile && other.isFile) differences.push(...compareFiles(name, entry, other, options));
  }
  for (const name of b.keys()) if (!a.has(name)) differences.push(`${show(name)}: only in ${right}`);
  if (options.attributes ?? true) differences.push(...compareAttributes(left, right));
  return differences;
}

interface Described {
  readonly path: Buffer;
  readonly stats: BigIntStats;
  readonly isFile: boolean;
  readonly facts: Readonly<Record<string, string>>;
}

/** Names are kept as latin1 text, one character a byte, so that every name is a key. */
function describe(root: string, options: CompareOptions): Map<string, Described> {
  const entries = new Map<string, Described>();
  const firstOfInode = new Map<bigint, string>();
  const visit = (path: Buffer, name: string): void => {
    const stats = lstatSync(path, { bigint: true });
    const linked = stats.nlink > 1n && !stats.isDirectory();
    if (linked && !firstOfInode.has(stats.ino)) firstOfInode.set(stats.ino, name);
    if (name !== '' || (options.roots ?? true)) {
      const hardLink = linked ? show(firstOfInode.get(stats.ino) ?? name) : '';
      entries.set(name, {
        path,
        stats,
        isFile: stats.isFile(),
        facts: factsOf(path, stats, hardLink, options),
      });
    }
    if (!stats.isDirectory()) return;
    const children = readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare);
    for (const child of children)
      visit(Buffer.concat([path, slash, child]), `${name}/${child.toString('latin1')}`);
  };
  visit(Buffer.from(root), '');
  return entries;
}

const slash = Buffer.from('/');

function factsOf(
  path: Buffer,
  stats: BigIntStats,
  hardLink: string,
  options: CompareOptions,
): Record<string, string> {
  const facts: Record<string, string> = { mode: stats.mode.toString(8), 'hard link': hardLink };
  if (options.owners ?? true) facts['owner'] = `${stats.uid}:${stats.gid}`;
  if (options.times ?? true) facts['mtime'] = String(stats.mtimeNs);
  if (stats.isFile()) facts['size'] = String(stats.size);
  if (stats.isSymbolicLink()) facts['target'] = readlinkSync(path, { encoding: 'buffer' }).toString('hex');
  if (stats.isCharacterDevice() || stats.isBlockDevice()) facts['device'] = String(stats.rdev);
  return facts;
}

function compareFiles(name: string, a: Described, b: Described, options: CompareOptions): string[] {
  const differences: string[] = [];
  if (a.stats.size === b.stats.size && !readFileSync(a.path).equals(readFileSync(b.path))) {
    differences.push(`${show(name)}: content differs`);
  }
  if ((options.holes ?? false) && b.stats.blocks > a.stats.blocks + 128n) {
    differences.push(`${show(name)}: ${a.stats.blocks} blocks became ${b.stats.blocks}`);
  }
  return differences;
}

function compareAttributes(left: string, right: string): string[] {
  const a = attributesOf(left);
  const b = attributesOf(right);
  const gone = [...a].filter((line) => !b.has(line)).map((line) => `attributes lost: ${line}`);
  const added = [...b].filter((line) => !a.has(line)).map((line) => `attributes added: ${line}`);
  return [...gone, ...added];
}

function attributesOf(root: string): Set<string> {
  const result = spawnSync('getfattr', ['-R', '-P', '-h', '-d', '-m', '-', '-e', 'hex', '.'], {
    cwd: root,
    encoding: 'latin1',
    maxBuffer: 1 << 28,
  });
  if (result.error !== undefined) throw result.error;
  const blocks = result.stdout.split('\n\n').filter((block) => block.trim() !== '');
  return new Set(blocks.map((block) => block.trim().split('\n').sort().join(' ')));
}

function show(name: string): string {
  return JSON.stringify(name === '' ? '.' : name);
}
