import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { createAccounts } from '../../kernel/native/accounts.ts';
import { libc } from '../../kernel/native/libc.ts';
import { setAttribute } from '../../kernel/native/xattr.ts';
import { Listing, listDirectory, statPath } from './listing.ts';
import { type MetadataOptions, readMetadata } from './metadata.ts';
import { joinPath, rawPath } from './path.ts';

const room = Buffer.from(mkdtempSync(`${tmpdir()}/holdfast-metadata-`));
after(() => rmSync(room.toString(), { recursive: true, force: true }));
const at = (name: string | Uint8Array) =>
  Buffer.from(joinPath(room, typeof name === 'string' ? rawPath(name) : name));
const options: MetadataOptions = {
  toMode: (mode) => mode,
  offsetOf: () => 60,
  withAtime: false,
  problem: (_path, error) => {
    throw error;
  },
};
const of = (path: Buffer, native = libc) =>
  readMetadata(statPath(path, {}, native), 0, path, options, native);
const withoutLibc = libc ? false : 'libc is not available';

for (const { way, native } of [
  { way: 'libc', native: libc },
  { way: 'node', native: null },
]) {
  test(`${way}: a file, a hard link and a directory`, () => {
    const dir = at(`dir-${way}`);
    mkdirSync(dir);
    const file = Buffer.from(joinPath(dir, rawPath('a')));
    writeFileSync(file, 'twelve bytes', { mode: 0o640 });
    const stat = lstatSync(file, { bigint: true });
    const one = of(file, native);
    assert.equal(one.type, 'file');
    assert.equal(one.size, 12);
    assert.equal(one.mode, Number(stat.mode));
    assert.equal(one.inode, stat.ino);
    assert.deepEqual(one.mtime, {
      sec: Number(stat.mtimeNs / 1_000_000_000n),
      nsec: Number(stat.mtimeNs % 1_000_000_000n),
      offset: 60,
    });
    assert.deepEqual(one.atime, one.mtime);
    linkSync(file, Buffer.from(joinPath(dir, rawPath('b'))));
    const linked = of(file, native);
    assert.equal(linked.links, 2);
    assert.equal(linked.deviceId, stat.dev);
    const directory = of(dir, native);
    assert.equal(directory.type, 'dir');
    assert.equal(directory.size, 0);
    assert.equal(directory.links, 0);
  });

  test(`${way}: a link target that is not text, a fifo and a device`, () => {
    const target = Buffer.from([0x2f, 0xff, 0x80, 0x41]);
    symlinkSync(target, at(`link-${way}`));
    assert.deepEqual(Buffer.from(of(at(`link-${way}`), native).linktarget!), target);
    execFileSync('mkfifo', [at(`fifo-${way}`).toString()]);
    assert.equal(of(at(`fifo-${way}`), native).type, 'fifo');
    const none = of(Buffer.from('/dev/null'), native);
    assert.equal(none.type, 'chardev');
    assert.equal(none.device, 0x103n);
  });

  test(`${way}: names of accounts, both ways, and of nobody`, () => {
    const accounts = createAccounts(native);
    assert.equal(accounts.userName(0), 'root');
    assert.equal(accounts.groupName(0), 'root');
    assert.equal(accounts.userId('root'), 0);
    assert.equal(accounts.groupId('root'), 0);
    assert.equal(accounts.userName(4_000_000_001), '');
    assert.equal(accounts.userId('no such user here'), undefined);
  });
}

test('extended attributes are read whole', { skip: withoutLibc }, () => {
  const file = at('attributes');
  writeFileSync(file, '');
  const big = new Uint8Array(3000).fill(7);
  setAttribute(file, { name: 'user.empty', value: new Uint8Array(0) });
  setAttribute(file, { name: 'user.big', value: big });
  const found = of(file).xattrs.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  assert.deepEqual(found, [
    { name: 'user.big', value: big },
    { name: 'user.empty', value: new Uint8Array(0) },
  ]);
});

test('an entry whose stat failed says so', () => {
  const data = listDirectory(room);
  const listing = new Listing(data);
  new Uint16Array(data.records)[45] = 13;
  assert.throws(() => readMetadata(listing, 0, at('x'), options), /permission denied/);
});
