import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { hasCode } from '../../kernel/errors.ts';
import { libc } from '../../kernel/native/libc.ts';
import { Listing, listDirectory, statPath } from './listing.ts';
import { joinPath, rawPath } from './path.ts';

const room = Buffer.from(mkdtempSync(`${tmpdir()}/holdfast-listing-`));
after(() => rmSync(room.toString(), { recursive: true, force: true }));
const at = (name: string | Uint8Array) =>
  Buffer.from(joinPath(room, typeof name === 'string' ? rawPath(name) : name));
const ways = [
  { way: 'libc', native: libc },
  { way: 'node', native: null },
];

const hostile = [
  Buffer.from('plain'),
  Buffer.from([0xff, 0xfe, 0x80]),
  Buffer.from('new\nline'),
  Buffer.from('prefix'),
  Buffer.from('prefixed-by-the-one-before'),
  Buffer.from('prefixed-by-the-one-before2'),
  Buffer.from('Umlaut-ä'),
  Buffer.from('x'.repeat(255)),
];

for (const { way, native } of ways) {
  test(`${way}: names come ascending by raw bytes, whatever they are`, () => {
    mkdirSync(at(`names-${way}`));
    for (const name of hostile) writeFileSync(Buffer.from(joinPath(at(`names-${way}`), name)), name);
    const listing = new Listing(listDirectory(at(`names-${way}`), native));
    const names = Array.from({ length: listing.count }, (_, i) => Buffer.from(listing.name(i)));
    assert.deepEqual(names, hostile.toSorted(Buffer.compare));
    for (let i = 0; i < listing.count; i++) {
      assert.equal(listing.size(i), names[i]!.length);
      assert.ok(listing.isFile(i));
    }
  });

  test(`${way}: a listing survives the way to another thread`, () => {
    mkdirSync(at(`clone-${way}`));
    writeFileSync(at(`clone-${way}/one`), 'x');
    const data = listDirectory(at(`clone-${way}`), native);
    const moved = new Listing(structuredClone(data, { transfer: [data.records, data.names.buffer] }));
    assert.equal(Buffer.from(moved.name(0)).toString(), 'one');
    assert.equal(moved.size(0), 1);
  });

  test(`${way}: an empty directory, a missing one, a file and a symlink in its place`, () => {
    mkdirSync(at(`empty-${way}`));
    symlinkSync(`empty-${way}`, at(`link-${way}`));
    assert.equal(new Listing(listDirectory(at(`empty-${way}`), native)).count, 0);
    assert.throws(
      () => listDirectory(at('missing'), native),
      (error) => hasCode(error, 'not-found'),
    );
    assert.throws(
      () => listDirectory(at(`link-${way}`), native),
      (error) => hasCode(error, 'failed'),
    );
    writeFileSync(at(`file-${way}`), '');
    assert.throws(() => listDirectory(at(`file-${way}`), native), /not a directory/);
  });

  test(`${way}: a directory larger than the read buffer is complete`, () => {
    mkdirSync(at(`many-${way}`));
    for (let i = 0; i < 5000; i++) writeFileSync(at(`many-${way}/entry with some length ${i}`), '');
    const data = listDirectory(at(`many-${way}`), native);
    const listing = new Listing(data);
    assert.equal(listing.count, 5000);
    const names = Array.from({ length: 5000 }, (_, i) => Buffer.from(listing.name(i)));
    assert.deepEqual(names, readdirSync(at(`many-${way}`), { encoding: 'buffer' }).sort(Buffer.compare));
    assert.ok((data.records.byteLength + data.names.length) / 5000 < 150);
  });

  test(`${way}: statPath names the entry, and follows only when told`, () => {
    mkdirSync(at(`stat-${way}`));
    symlinkSync(`stat-${way}`, at(`statlink-${way}`));
    assert.ok(!statPath(at(`statlink-${way}`), {}, native).isDirectory(0));
    const followed = statPath(at(`statlink-${way}`), { follow: true }, native);
    assert.ok(followed.isDirectory(0));
    assert.equal(Buffer.from(followed.name(0)).toString(), `statlink-${way}`);
  });
}

const needsRoot = process.geteuid?.() === 0 ? false : 'needs root';

test(
  'an ordinary user lists what belongs to others, and is told what may not be read',
  { skip: needsRoot },
  () => {
    mkdirSync(at('shared'), { mode: 0o755 });
    mkdirSync(at('private'), { mode: 0o700 });
    writeFileSync(at('shared/one'), '');
    chmodSync(room, 0o755);
    process.seteuid!(65534);
    try {
      for (const { native } of ways) {
        assert.equal(new Listing(listDirectory(at('shared'), native)).count, 1);
        assert.throws(
          () => listDirectory(at('private'), native),
          (error) => hasCode(error, 'forbidden') && /^open .*private: permission denied$/.test(error.message),
        );
      }
    } finally {
      process.seteuid!(0);
    }
  },
);

test('both ways read the same records', { skip: libc ? false : 'libc is not available' }, () => {
  for (const directory of ['/dev', '/usr/bin', room.toString()]) {
    const fast = new Listing(listDirectory(rawPath(directory)));
    const slow = new Listing(listDirectory(rawPath(directory), null));
    assert.equal(fast.count, slow.count);
    for (let i = 0; i < fast.count; i++) {
      assert.deepEqual(fast.name(i), slow.name(i));
      for (const field of [
        'mode',
        'size',
        'uid',
        'gid',
        'inode',
        'device',
        'rdev',
        'mtimeSec',
        'mtimeNsec',
        'ctimeSec',
        'ctimeNsec',
        'blocks',
      ] as const) {
        if (directory === '/dev' && field.includes('time')) continue;
        assert.equal(fast[field](i), slow[field](i), `${field} of ${Buffer.from(fast.name(i)).toString()}`);
      }
    }
  }
});
