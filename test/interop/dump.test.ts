/** Archives of a snapshot are those of the stock restic, byte for byte. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createContext } from '../../src/kernel/context.ts';
import { dump, type DumpOptions } from '../../src/operations/dump.ts';
import { createLocalStorage } from '../../src/storage/local.ts';
import { openRepository } from '../../src/vaults/repository/open.ts';
import type { Repository } from '../../src/vaults/repository/repository.ts';
import { cheapenKey } from '../support/cheap-key.ts';
import { runProgram } from '../support/program.ts';
import { type BackupProgram, restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { makeTree } from '../support/tree.ts';
import { requireTool } from '../support/tools.ts';

interface Backup {
  readonly program: BackupProgram;
  readonly repository: Repository;
  readonly folder: string;
}

async function backup(t: TestContext): Promise<Backup> {
  const folder = tempFolder(t);
  const source = join(folder, 'source');
  mkdirSync(source);
  makeTree(source);
  const access = { repository: join(folder, 'repository'), password: 'test' };
  const program = restic(access);
  await program.run(['init']);
  await cheapenKey(access);
  await program.run(['backup', '.'], { cwd: source });
  const repository = await openRepository(
    createLocalStorage(join(folder, 'repository')),
    Buffer.from('test'),
  );
  return { program, repository, folder };
}

async function bytesOf(repository: Repository, options: DumpOptions): Promise<Buffer> {
  const { bytes } = await dump(repository, options, createContext());
  return Buffer.concat(await Array.fromAsync(bytes));
}

function assertSame(actual: Buffer, expected: Buffer): void {
  if (actual.equals(expected)) return;
  const first = actual.findIndex((byte, at) => byte !== expected[at]);
  assert.fail(`byte ${first} of ${actual.length} differs, restic has ${expected.length} bytes`);
}

/** name, mode, time and checksum of every entry, read by a program that neither wrote */
async function describeZip(archive: Buffer, folder: string): Promise<string[]> {
  const path = join(folder, 'archive.zip');
  writeFileSync(path, archive);
  const script =
    'import sys, zipfile\n' +
    'with zipfile.ZipFile(sys.argv[1]) as z:\n' +
    '  assert z.testzip() is None\n' +
    '  for i in z.infolist(): print(ascii(i.filename), oct(i.external_attr >> 16), i.file_size, i.CRC)\n';
  const { stdout } = await runProgram('python3', ['-c', script, path]);
  return stdout.trim().split('\n');
}

test('a folder as tar, and a file as it is', async (t) => {
  if (!requireTool(t, 'restic')) return;
  const { program, repository } = await backup(t);
  for (const path of ['/', '/links', '/plain/deep/', '/plain/large.bin', 'plain/empty']) {
    const expected = (await program.run(['dump', 'latest', path])).bytes;
    assertSame(await bytesOf(repository, { snapshot: 'latest', path }), expected);
  }
  const expected = (await program.run(['dump', 'latest:plain', 'deep'])).bytes;
  assertSame(await bytesOf(repository, { snapshot: 'latest:plain', path: 'deep' }), expected);
  for (const path of ['/absent', '/plain/hello.txt/x', '/links/relative']) {
    await assert.rejects(bytesOf(repository, { snapshot: 'latest', path }), { code: 'not-found' });
  }
});

test('a folder as zip', async (t) => {
  if (!requireTool(t, 'restic')) return;
  const { program, repository, folder } = await backup(t);
  const expected = (await program.run(['dump', '--archive', 'zip', 'latest', '/plain'])).bytes;
  const actual = await bytesOf(repository, { snapshot: 'latest', path: '/plain', archive: 'zip' });
  assert.deepEqual(await describeZip(actual, folder), await describeZip(expected, folder));
  const odd = await bytesOf(repository, { snapshot: 'latest', path: '/', archive: 'zip' });
  assert.ok((await describeZip(odd, folder)).length > 50);
});
