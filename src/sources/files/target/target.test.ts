import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { hasCode } from '../../../kernel/errors.ts';
import { directoryCalls } from '../../../kernel/native/directory-calls.ts';
import { libcDirectoryCalls } from '../../../kernel/native/directory-libc.ts';
import { nodeDirectoryCalls } from '../../../kernel/native/directory-node.ts';
import { libc } from '../../../kernel/native/libc.ts';
import { rawPath } from '../path.ts';
import {
  createHardLink,
  createSpecial,
  createSymlink,
  ensureDirectories,
  ensureDirectory,
} from './create.ts';
import { type FileTarget, openFileTarget } from './file-target.ts';
import { removeTree, removeUnexpected } from './remove.ts';
import { createFile, openExisting, reopenFile, writeAt } from './write-file.ts';

const room = mkdtempSync(`${tmpdir()}/holdfast-target-`);
after(() => rmSync(room, { recursive: true, force: true }));

const ways = [
  { way: directoryCalls.kind, calls: directoryCalls },
  { way: 'node alone', calls: nodeDirectoryCalls },
  // a kernel or a sandbox without openat2
  ...(libc ? [{ way: 'no openat2', calls: libcDirectoryCalls({ ...libc, openBeneath: () => -38 }) }] : []),
];
const fresh = { size: 0, sparse: false, keepContent: false, removeDirectories: false };

function write(
  target: FileTarget,
  place: string,
  name: string | Uint8Array,
  text: string,
  options = {},
): void {
  const bytes = Buffer.from(text);
  const raw = typeof name === 'string' ? rawPath(name) : name;
  const fd = createFile(target, target.directory(rawPath(place)), raw, {
    ...fresh,
    size: bytes.length,
    ...options,
  });
  writeAt(fd, raw, bytes, 0, bytes.length, 0, false);
  target.calls.closeFile(fd);
}

for (const { way, calls } of ways) {
  const base = `${room}/${way}`;
  mkdirSync(base);
  /** a target beside a file and a directory that nothing may touch */
  const make = (name: string): { target: FileTarget; path: string; outside: string } => {
    const outside = `${base}/${name}-outside`;
    mkdirSync(outside);
    writeFileSync(`${outside}/precious`, 'precious');
    const path = `${base}/${name}`;
    return { target: openFileTarget(rawPath(path), { create: true }, calls), path, outside };
  };
  const untouched = (outside: string) => {
    assert.deepEqual(readdirSync(outside), ['precious']);
    assert.equal(readFileSync(`${outside}/precious`, 'utf8'), 'precious');
  };

  test(`${way}: directories, files with hostile but legal names, symlinks, hard links`, () => {
    const { target, path } = make('plain');
    ensureDirectories(target, rawPath('a/b/c'));
    ensureDirectories(target, rawPath('a/b/c'));
    const odd = Buffer.from([0xff, 0x0a, 0x20, 0x2e]);
    write(target, 'a/b/c', odd, 'odd');
    write(target, '', 'at the top', 'top');
    createSymlink(
      target,
      target.directory(rawPath('a')),
      rawPath('link'),
      Buffer.from([0x2e, 0x2e, 0x2f, 0xfe]),
    );
    const from = { parent: target.directory(rawPath('a/b/c')), name: odd };
    createHardLink(target, from, target.directory(rawPath('a')), rawPath('hard'));
    assert.equal(readFileSync(Buffer.concat([rawPath(`${path}/a/b/c/`), odd]), 'utf8'), 'odd');
    assert.equal(lstatSync(`${path}/a/hard`).nlink, 2);
    assert.deepEqual(
      readlinkSync(`${path}/a/link`, { encoding: 'buffer' }),
      Buffer.from('../\xfe', 'latin1'),
    );
    assert.equal(lstatSync(path).mode & 0o777, 0o700);
    assert.equal(lstatSync(`${path}/a`).mode & 0o777, 0o700);
    assert.equal(lstatSync(`${path}/at the top`).mode & 0o777, 0o600);
    target[Symbol.dispose]();
  });

  test(`${way}: names that mean more than one entry are refused everywhere`, () => {
    const { target, outside } = make('names');
    for (const name of ['', '.', '..', 'a/b', '/etc', '../names-outside/precious', 'nul\0byte'].map(
      rawPath,
    )) {
      const refused = (call: () => unknown) => assert.throws(call, (error) => hasCode(error, 'corrupt'));
      refused(() => ensureDirectory(target, target.root, name));
      refused(() => createFile(target, target.root, name, fresh));
      refused(() => createSymlink(target, target.root, name, rawPath('x')));
      refused(() => createSpecial(target, target.root, name, 'fifo', 0n));
      refused(() => createHardLink(target, { parent: target.root, name }, target.root, rawPath('x')));
      refused(() => removeTree(target, target.root, name));
      refused(() => openExisting(target, target.root, name));
    }
    for (const location of ['..', 'a/../..', '/a', 'a//b', 'a/', './a']) {
      assert.throws(
        () => target.directory(rawPath(location)),
        (error) => hasCode(error, 'corrupt'),
        location,
      );
    }
    untouched(outside);
    target[Symbol.dispose]();
  });

  test(`${way}: no symlink is written through, whoever planted it`, () => {
    const { target, path, outside } = make('links');
    symlinkSync(outside, `${path}/dir`);
    symlinkSync(`${outside}/precious`, `${path}/file`);
    ensureDirectories(target, rawPath('real/deep'));
    symlinkSync('../..', `${path}/real/up`);
    for (const location of ['dir', 'dir/below', 'real/up', 'real/up/links-outside']) {
      assert.throws(() => target.directory(rawPath(location)), /symlink/, location);
    }
    assert.throws(() => reopenFile(target, target.root, rawPath('file')), /file/);
    assert.equal(openExisting(target, target.root, rawPath('file')), undefined);
    write(target, '', 'file', 'mine');
    assert.ok(lstatSync(`${path}/file`).isFile());
    // what an earlier run or another entry made a symlink becomes the directory that the snapshot has
    assert.equal(ensureDirectory(target, target.root, rawPath('dir')), true);
    write(target, 'dir', 'precious', 'other');
    untouched(outside);
    target[Symbol.dispose]();
  });

  test(`${way}: a snapshot that restores a symlink and then writes below it is refused`, () => {
    const { target, outside } = make('two-step');
    createSymlink(target, target.root, rawPath('evil'), rawPath(outside));
    assert.throws(() => write(target, 'evil', 'planted', 'x'), /symlink/);
    untouched(outside);
    target[Symbol.dispose]();
  });

  test(`${way}: what is in the way is replaced, and other names of a file keep their content`, () => {
    const { target, path } = make('replace');
    writeFileSync(`${path}/shared`, 'old content');
    linkSync(`${path}/shared`, `${path}/other-name`);
    write(target, '', 'shared', 'new');
    assert.equal(readFileSync(`${path}/shared`, 'utf8'), 'new');
    assert.equal(readFileSync(`${path}/other-name`, 'utf8'), 'old content');

    execFileSync('mkfifo', [`${path}/fifo`]);
    write(target, '', 'fifo', 'no longer a fifo');
    mkdirSync(`${path}/empty-directory`);
    write(target, '', 'empty-directory', 'file');
    mkdirSync(`${path}/full/inner`, { recursive: true });
    writeFileSync(`${path}/full/inner/x`, '');
    assert.throws(() => write(target, '', 'full', 'file'), /not empty/);
    write(target, '', 'full', 'file', { removeDirectories: true });
    assert.equal(readFileSync(`${path}/full`, 'utf8'), 'file');
    writeFileSync(`${path}/was-file`, '');
    assert.equal(ensureDirectory(target, target.root, rawPath('was-file')), true);
    createSymlink(target, target.root, rawPath('shared'), rawPath('one'));
    createSymlink(target, target.root, rawPath('shared'), rawPath('two'));
    assert.equal(readlinkSync(`${path}/shared`), 'two');
    target[Symbol.dispose]();
  });

  test(`${way}: parts of an existing file can stay, and its size becomes right`, () => {
    const { target, path } = make('update');
    writeFileSync(`${path}/f`, 'keep--and a tail that goes');
    const fd = createFile(target, target.root, rawPath('f'), { ...fresh, size: 9, keepContent: true });
    writeAt(fd, rawPath('f'), Buffer.from('xx+++'), 2, 3, 6, false);
    target.calls.closeFile(fd);
    assert.equal(readFileSync(`${path}/f`, 'utf8'), 'keep--+++');
    const again = reopenFile(target, target.root, rawPath('f'));
    writeAt(again, rawPath('f'), Buffer.from('K'), 0, 1, 0, false);
    target.calls.closeFile(again);
    assert.equal(readFileSync(`${path}/f`, 'utf8'), 'Keep--+++');
    const existing = openExisting(target, target.root, rawPath('f'))!;
    assert.equal(existing.stat.size(0), 9);
    target.calls.closeFile(existing.fd);
    assert.equal(openExisting(target, target.root, rawPath('missing')), undefined);
    target[Symbol.dispose]();
  });

  test(`${way}: zeros become holes, and nothing else does`, () => {
    const { target, path } = make('sparse');
    const size = 3 << 20;
    const bytes = Buffer.alloc(size);
    bytes.write('start');
    bytes.write('middle', (1 << 20) + 5000);
    bytes[size - 1] = 1;
    writeFileSync(`${path}/s`, Buffer.alloc(size, 'old'));
    const fd = createFile(target, target.root, rawPath('s'), { ...fresh, size, sparse: true });
    const half = 1_234_567;
    writeAt(fd, rawPath('s'), bytes, 0, half, 0, true);
    writeAt(fd, rawPath('s'), bytes, half, size - half, half, true);
    target.calls.closeFile(fd);
    assert.ok(readFileSync(`${path}/s`).equals(bytes));
    assert.ok(lstatSync(`${path}/s`).blocks * 512 < 65536, 'holes take no space');
    assert.throws(() =>
      createFile(target, target.root, rawPath('s'), { ...fresh, sparse: true, keepContent: true }),
    );
    target[Symbol.dispose]();
  });

  test(`${way}: a large file has its space before its content`, () => {
    const { target, path } = make('large');
    const fd = createFile(target, target.root, rawPath('l'), { ...fresh, size: 4 << 20 });
    if (calls.kind === 'native') assert.ok(lstatSync(`${path}/l`).blocks * 512 >= 4 << 20);
    writeAt(fd, rawPath('l'), Buffer.from('end'), 0, 3, (4 << 20) - 3, false);
    target.calls.closeFile(fd);
    assert.equal(lstatSync(`${path}/l`).size, 4 << 20);
    target[Symbol.dispose]();
  });

  test(`${way}: --delete removes what the snapshot has not, without following symlinks`, () => {
    const { target, path, outside } = make('delete');
    mkdirSync(`${path}/gone/deep`, { recursive: true });
    writeFileSync(`${path}/gone/deep/x`, '');
    symlinkSync(outside, `${path}/gone/link`);
    symlinkSync(outside, `${path}/link`);
    for (const name of ['kept', 'filtered']) writeFileSync(`${path}/${name}`, '');
    const removed: string[] = [];
    const options = {
      expected: new Set(['kept']),
      selected: (name: Uint8Array) => Buffer.from(name).toString() !== 'filtered',
      onRemoved: (gone: Uint8Array) =>
        removed.push(
          Buffer.from(gone)
            .toString()
            .slice(path.length + 1),
        ),
    };
    removeUnexpected(target, target.root, { ...options, dryRun: true });
    const expected = ['gone/link', 'gone/deep/x', 'gone/deep', 'gone', 'link'];
    assert.deepEqual(removed.splice(0), expected);
    assert.ok(existsSync(`${path}/gone/deep/x`));
    removeUnexpected(target, target.root, { ...options, dryRun: false });
    assert.deepEqual(removed, expected);
    assert.deepEqual(readdirSync(path), ['filtered', 'kept']);
    untouched(outside);
    target[Symbol.dispose]();
  });

  test(`${way}: no descriptor leaks, however many directories are visited`, () => {
    const { target } = make('many');
    const count = () => readdirSync('/proc/self/fd').length;
    const before = count();
    for (let i = 0; i < 300; i++) {
      ensureDirectories(target, rawPath(`d${i}/e`));
      write(target, `d${i}/e`, 'f', 'x');
    }
    assert.ok(count() - before <= 96);
    target[Symbol.dispose]();
    assert.equal(count(), before - 1);
  });
}

test('fifos and devices', { skip: libc && process.geteuid?.() === 0 ? false : 'needs libc and root' }, () => {
  const path = `${room}/special`;
  const target = openFileTarget(rawPath(path), { create: true });
  createSpecial(target, target.root, rawPath('fifo'), 'fifo', 0n);
  createSpecial(target, target.root, rawPath('socket'), 'socket', 0n);
  assert.ok(lstatSync(`${path}/socket`).isSocket());
  createSpecial(target, target.root, rawPath('null'), 'chardev', 0x103n);
  createSpecial(target, target.root, rawPath('disk'), 'dev', 0x0800n);
  assert.ok(lstatSync(`${path}/fifo`).isFIFO());
  assert.ok(lstatSync(`${path}/null`).isCharacterDevice());
  assert.equal(lstatSync(`${path}/null`).rdev, 0x103);
  assert.ok(lstatSync(`${path}/disk`).isBlockDevice());
  process.seteuid!(65534);
  try {
    const other = mkdtempSync(`${tmpdir()}/holdfast-other-`);
    const theirs = openFileTarget(rawPath(other), { create: true });
    assert.throws(
      () => createSpecial(theirs, theirs.root, rawPath('null'), 'chardev', 0x103n),
      (error) => hasCode(error, 'forbidden') && /only root/.test(error.hint!),
    );
    theirs[Symbol.dispose]();
    rmSync(other, { recursive: true });
  } finally {
    process.seteuid!(0);
  }
  target[Symbol.dispose]();
});

test('a target that is a file, or cannot be made, says so', () => {
  writeFileSync(`${room}/plain-file`, '');
  assert.throws(() => openFileTarget(rawPath(`${room}/plain-file`), { create: true }), /plain-file/);
  assert.throws(
    () => openFileTarget(rawPath(`${room}/missing`), { create: false }),
    (error) => hasCode(error, 'not-found'),
  );
});
