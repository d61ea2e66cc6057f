import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { nodeDirectoryCalls } from '../../../kernel/native/directory-node.ts';
import { libc } from '../../../kernel/native/libc.ts';
import { type Attribute, setAttribute } from '../../../kernel/native/xattr.ts';
import { statPath } from '../listing.ts';
import { readMetadata } from '../metadata.ts';
import { rawPath } from '../path.ts';
import { type RestoredMetadata, applyToEntry } from './apply-metadata.ts';
import { createSpecial } from './create.ts';
import { openFileTarget } from './file-target.ts';
import { contentIsTrusted, mayOverwrite } from './overwrite.ts';

const room = mkdtempSync(`${tmpdir()}/holdfast-metadata-`);
after(() => rmSync(room, { recursive: true, force: true }));
const target = openFileTarget(rawPath(room), { create: false });
after(() => target[Symbol.dispose]());
const everything = { ownershipByName: false, attributes: undefined };
const needsRoot = libc && process.geteuid?.() === 0 ? false : 'needs libc and root';

const wanted = (change: Partial<RestoredMetadata> = {}): RestoredMetadata => ({
  permissions: 0o640,
  uid: process.getuid!(),
  gid: process.getgid!(),
  user: '',
  group: '',
  atime: { sec: 1_000_000_000, nsec: 1 },
  mtime: { sec: 1_600_000_000, nsec: 123_456_789 },
  xattrs: [],
  ...change,
});

function readBack(name: string) {
  return readMetadata(statPath(rawPath(`${room}/${name}`)), 0, rawPath(`${room}/${name}`), {
    toMode: (mode) => mode & 0o7777,
    offsetOf: () => 0,
    withAtime: true,
    problem: (_path, error) => {
      throw error;
    },
  });
}

function check(name: string, type: 'file' | 'dir' | 'symlink' | 'other', metadata: RestoredMetadata): void {
  applyToEntry(target, target.root, rawPath(name), type, metadata, everything);
  const now = readBack(name);
  assert.deepEqual(now.mtime, { ...metadata.mtime, offset: 0 });
  assert.deepEqual(now.atime, { ...metadata.atime, offset: 0 });
  assert.deepEqual([now.uid, now.gid], [metadata.uid, metadata.gid]);
  if (type !== 'symlink') assert.equal(now.mode, metadata.permissions);
  const byName = (a: Attribute, b: Attribute) => (a.name < b.name ? -1 : 1);
  assert.deepEqual(now.xattrs.toSorted(byName), metadata.xattrs.toSorted(byName));
}

test(
  'owner, nanoseconds, special bits and attributes come back on every kind of entry',
  { skip: needsRoot },
  () => {
    const owner = { uid: 12345, gid: 54321 };
    const attribute = { name: 'user.note', value: Buffer.from([0, 1, 255]) };
    writeFileSync(`${room}/file`, 'content');
    check('file', 'file', wanted({ ...owner, permissions: 0o6711, xattrs: [attribute].map(plain) }));
    mkdirSync(`${room}/dir`);
    check('dir', 'dir', wanted({ ...owner, permissions: 0o3770, xattrs: [attribute].map(plain) }));
    symlinkSync('/nowhere/at/all', `${room}/link`);
    const trusted = { name: 'trusted.note', value: new Uint8Array([7]) };
    check('link', 'symlink', wanted({ ...owner, xattrs: [trusted] }));
    createSpecial(target, target.root, rawPath('fifo'), 'fifo', 0n);
    check('fifo', 'other', wanted({ ...owner, permissions: 0o666 }));
    check('file', 'file', wanted({ mtime: { sec: -5, nsec: 999_999_999 }, atime: { sec: -1, nsec: 0 } }));
    check('file', 'file', wanted({ mtime: { sec: 8_000_000_000, nsec: 5 } }));
  },
);

function plain(attribute: Attribute): Attribute {
  return { name: attribute.name, value: new Uint8Array(attribute.value) };
}

test('access control lists come back, and those that should not be there go', { skip: needsRoot }, () => {
  // version 2; owner rw-, user 1234 r--, group r--, mask r--, others ---
  const entries = [
    [0x01, 6, 0xffffffff],
    [0x02, 4, 1234],
    [0x04, 4, 0xffffffff],
    [0x10, 4, 0xffffffff],
    [0x20, 0, 0xffffffff],
  ] as const;
  const value = Buffer.alloc(4 + entries.length * 8);
  value.writeUInt32LE(2, 0);
  entries.forEach(([tag, permissions, id], i) => {
    value.writeUInt16LE(tag, 4 + i * 8);
    value.writeUInt16LE(permissions, 6 + i * 8);
    value.writeUInt32LE(id, 8 + i * 8);
  });
  const list = { name: 'system.posix_acl_access', value: new Uint8Array(value) };
  writeFileSync(`${room}/acl`, '');
  check('acl', 'file', wanted({ permissions: 0o640, xattrs: [list] }));
  check('acl', 'file', wanted({ permissions: 0o640 }));
});

test('attributes that the filter leaves out are neither set nor removed', { skip: needsRoot }, () => {
  writeFileSync(`${room}/filtered`, '');
  setAttribute(rawPath(`${room}/filtered`), { name: 'user.mine', value: new Uint8Array([1]) });
  setAttribute(rawPath(`${room}/filtered`), { name: 'trusted.old', value: new Uint8Array([1]) });
  const metadata = wanted({
    xattrs: [
      { name: 'user.theirs', value: new Uint8Array([2]) },
      { name: 'trusted.new', value: new Uint8Array([2]) },
    ],
  });
  const policy = { ownershipByName: false, attributes: (name: string) => name.startsWith('trusted.') };
  applyToEntry(target, target.root, rawPath('filtered'), 'file', metadata, policy);
  assert.deepEqual(
    readBack('filtered')
      .xattrs.map(({ name }) => name)
      .sort(),
    ['trusted.new', 'user.mine'],
  );
});

test('ownership by name', { skip: needsRoot }, () => {
  writeFileSync(`${room}/named`, '');
  const metadata = wanted({ uid: 4242, gid: 4242, user: 'daemon', group: 'no such group here' });
  applyToEntry(target, target.root, rawPath('named'), 'file', metadata, {
    ...everything,
    ownershipByName: true,
  });
  const { uid, gid } = lstatSync(`${room}/named`);
  assert.deepEqual([uid, gid], [1, 0]);
});

test('metadata of a symlink never reaches what it points to', { skip: needsRoot }, () => {
  writeFileSync(`${room}/pointed-to`, '', { mode: 0o600 });
  symlinkSync('pointed-to', `${room}/pointer`);
  const before = lstatSync(`${room}/pointed-to`, { bigint: true });
  applyToEntry(target, target.root, rawPath('pointer'), 'symlink', wanted({ uid: 99 }), everything);
  // a snapshot that calls it something else, or an attacker who swaps it in between, meets a refusal
  assert.throws(() => applyToEntry(target, target.root, rawPath('pointer'), 'file', wanted(), everything));
  assert.throws(() => applyToEntry(target, target.root, rawPath('pointer'), 'dir', wanted(), everything));
  assert.throws(() => applyToEntry(target, target.root, rawPath('pointer'), 'other', wanted(), everything));
  const now = lstatSync(`${room}/pointed-to`, { bigint: true });
  assert.deepEqual([now.mode, now.uid, now.mtimeNs], [before.mode, before.uid, before.mtimeNs]);
});

test('an ordinary user restores what is allowed, without errors for the rest', { skip: needsRoot }, () => {
  process.seteuid!(65534);
  try {
    const path = mkdtempSync(`${tmpdir()}/holdfast-user-`);
    const theirs = openFileTarget(rawPath(path), { create: false });
    writeFileSync(`${path}/f`, '');
    const metadata = wanted({ uid: 0, gid: 0, xattrs: [{ name: 'trusted.x', value: new Uint8Array(1) }] });
    applyToEntry(theirs, theirs.root, rawPath('f'), 'file', metadata, everything);
    const stat = lstatSync(`${path}/f`);
    assert.deepEqual([stat.uid, stat.mode & 0o777, stat.mtimeMs], [65534, 0o640, 1_600_000_000_123.4568]);
    theirs[Symbol.dispose]();
    rmSync(path, { recursive: true });
  } finally {
    process.seteuid!(0);
  }
});

test('without libc, owner, mode and times to the microsecond still come back', () => {
  const path = `${room}/node`;
  const bare = openFileTarget(rawPath(path), { create: true }, nodeDirectoryCalls);
  writeFileSync(`${path}/f`, '');
  mkdirSync(`${path}/d`);
  symlinkSync('x', `${path}/l`);
  for (const [name, type] of [
    ['f', 'file'],
    ['d', 'dir'],
    ['l', 'symlink'],
  ] as const) {
    applyToEntry(bare, bare.root, rawPath(name), type, wanted({ permissions: 0o751 }), everything);
    const stat = lstatSync(`${path}/${name}`);
    if (type !== 'symlink') assert.equal(stat.mode & 0o7777, 0o751);
    assert.ok(Math.abs(stat.mtimeMs - 1_600_000_000_123.456) < 0.01);
  }
  bare[Symbol.dispose]();
});

test('overwrite policies', () => {
  writeFileSync(`${room}/existing`, 'four');
  applyToEntry(target, target.root, rawPath('existing'), 'file', wanted(), everything);
  const existing = target.stat(target.root, rawPath('existing'))!;
  const like = (sec: number, nsec: number, size = 4) => ({ size, mtime: { sec, nsec } });
  const { sec, nsec } = { sec: existing.mtimeSec(0), nsec: existing.mtimeNsec(0) };
  assert.ok(mayOverwrite('always', existing, like(0, 0)));
  assert.ok(mayOverwrite('never', undefined, like(0, 0)));
  assert.ok(!mayOverwrite('never', existing, like(sec + 1, 0)));
  assert.ok(!mayOverwrite('if-newer', existing, like(sec, nsec)));
  assert.ok(mayOverwrite('if-newer', existing, like(sec, nsec + 1)));
  assert.ok(contentIsTrusted('if-changed', existing, like(sec, nsec)));
  assert.ok(!contentIsTrusted('if-changed', existing, like(sec, nsec, 5)));
  assert.ok(!contentIsTrusted('always', existing, like(sec, nsec)));
});
