import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extract, type Header } from 'tar-stream';
import { createContext } from '../kernel/context.ts';
import { goMode } from '../vaults/repository/format/go-mode.ts';
import { addSnapshot, smallRepository } from '../testing/small-repository.ts';
import { dump } from './dump.ts';
import { formatAcl } from '../sources/tar/acl.ts';
import { encodeTarHeader, type TarEntry } from '../sources/tar/header.ts';

const plain: TarEntry = {
  type: 'file',
  name: Buffer.from('name'),
  linkname: new Uint8Array(0),
  mode: 0o4755,
  uid: 1,
  gid: 2,
  uname: 'user',
  gname: 'group',
  size: 0,
  mtime: 1_700_000_000,
  records: new Map(),
};

/** What another reader makes of the headers. */
async function read(...pieces: readonly Uint8Array[]): Promise<Header[]> {
  const headers: Header[] = [];
  const archive = extract();
  archive.on('entry', (header, stream, next) => {
    headers.push(header);
    stream.on('end', next);
    stream.resume();
  });
  const done = new Promise<void>((resolve, reject) => archive.on('finish', resolve).on('error', reject));
  for (const piece of pieces) archive.write(Buffer.from(piece));
  archive.end(Buffer.alloc(1024));
  await done;
  return headers;
}

test('plain entries need one block, what ustar cannot hold gets a PAX header', async () => {
  const long = `${'folder/'.repeat(20)}file`;
  const cases: [Partial<TarEntry>, number][] = [
    [{}, 1],
    [{ name: Buffer.from(long) }, 1],
    [{ name: Buffer.from('x'.repeat(101)) }, 3],
    [{ name: Buffer.from('näme') }, 3],
    [{ linkname: Buffer.from('y'.repeat(200)), type: 'symlink' }, 3],
    [{ uid: 3_000_000 }, 3],
    [{ mtime: -5 }, 3],
    [{ uname: 'ü' }, 3],
    [{ records: new Map([['SCHILY.xattr.user.a', Buffer.from([0, 255, 10])]]) }, 3],
  ];
  for (const [fields, blocks] of cases) {
    const entry = { ...plain, ...fields };
    const header = encodeTarHeader(entry);
    assert.equal(header.length, blocks * 512, JSON.stringify(fields));
    const [seen] = await read(header);
    const pax = (seen!.pax ?? {}) as Record<string, string>;
    assert.equal(seen!.name, Buffer.from(entry.name).toString());
    assert.equal(Number(pax['uid'] ?? seen!.uid), entry.uid);
    assert.equal(seen!.mode, entry.mode);
    assert.equal(pax['uname'] ?? seen!.uname, entry.uname);
    const mtime = Number(pax['mtime'] ?? seen!.mtime!.getTime() / 1000);
    assert.equal(mtime, entry.mtime);
    if (entry.type === 'symlink') assert.equal(seen!.linkname, Buffer.from(entry.linkname).toString());
  }
  const huge = encodeTarHeader({ ...plain, size: 9 * 1024 ** 3 });
  assert.ok(Buffer.from(huge).includes('19 size=9663676416\n'));
});

test('an archive holds files, folders and links, and leaves the rest out', async () => {
  await using repository = await smallRepository();
  await addSnapshot(repository, {
    dir: { file: ['one', 'two'] },
    link: {
      node: { type: 'symlink', mode: (goMode.symlink | 0o777) >>> 0, linktarget: Buffer.from('dir/file') },
    },
    pipe: { node: { type: 'fifo' } },
  });
  for (const [path, names] of [
    ['/', ['dir/', 'dir/file', 'link']],
    ['/dir', ['dir/file']],
  ] as const) {
    const { bytes } = await dump(repository, { snapshot: 'latest', path }, createContext());
    const headers = await read(...(await Array.fromAsync(bytes)));
    assert.deepEqual(
      headers.map(({ name }) => name),
      names,
    );
  }
});

test('ACLs become text, and what is none is refused', () => {
  const acl = Buffer.alloc(4 + 3 * 8);
  acl.writeUInt32LE(2, 0);
  for (const [at, [tag, permissions, id]] of [
    [0x01, 7, 0xffff_ffff],
    [0x02, 5, 1000],
    [0x20, 0, 0xffff_ffff],
  ].entries()) {
    acl.writeUInt16LE(tag!, 4 + at * 8);
    acl.writeUInt16LE(permissions!, 6 + at * 8);
    acl.writeUInt32LE(id!, 8 + at * 8);
  }
  assert.equal(formatAcl(acl), 'user::rwx\nuser:1000:r-x\nother::---\n');
  assert.equal(formatAcl(acl.subarray(0, 10)), undefined);
  assert.equal(formatAcl(Buffer.alloc(12)), undefined);
});
