import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { libc } from '../../kernel/native/libc.ts';
import { changedWhileOpen, closeFile, openFile, readFile } from './read-file.ts';

const room = mkdtempSync(`${tmpdir()}/holdfast-read-`);
after(() => rmSync(room, { recursive: true, force: true }));

for (const { way, native } of [
  { way: 'libc', native: libc },
  { way: 'node', native: null },
]) {
  test(`${way}: reads at positions, and sees a change`, () => {
    const path = Buffer.from(`${room}/file-${way}`);
    writeFileSync(path, '0123456789');
    const file = openFile(path, native);
    const bytes = new Uint8Array(8);
    assert.equal(readFile(file.fd, path, bytes, 2, 6, 7), 3);
    assert.equal(Buffer.from(bytes).toString('latin1'), '\0\x00789\0\0\0');
    assert.equal(changedWhileOpen(file, path, native), false);
    appendFileSync(path, 'more');
    assert.equal(changedWhileOpen(file, path, native), true);
    closeFile(file.fd, native);
  });

  test(`${way}: neither a symlink nor a fifo nor a directory is opened`, () => {
    symlinkSync('/etc/passwd', `${room}/link-${way}`);
    execFileSync('mkfifo', [`${room}/fifo-${way}`]);
    assert.throws(() => openFile(Buffer.from(`${room}/link-${way}`), native), /open .*link/);
    assert.throws(() => openFile(Buffer.from(`${room}/fifo-${way}`), native), /no longer a regular file/);
    assert.throws(() => openFile(Buffer.from(room), native), /no longer a regular file/);
  });
}
