/** Reads the repositories of test/fixtures/restic, in memory or unpacked into a folder that may be changed. */
import { createReadStream, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { type Cleanup, tempFolder } from './temp.ts';

export type RepositoryFixture =
  'small-repo' | 'repo-data-missing' | 'repo-duplicates' | 'repo-index-missing' | 'repo-mixed';

export const repositoryFixtures: readonly RepositoryFixture[] = [
  'small-repo',
  'repo-data-missing',
  'repo-duplicates',
  'repo-index-missing',
  'repo-mixed',
];

/** What opens each of them. */
export const fixturePassword = 'geheim';

/** Path of a file of test/fixtures/restic. */
export function fixturePath(file: string): string {
  return join(import.meta.dirname, '..', 'fixtures', 'restic', file);
}

/** The files of a fixture, by their path in the repository. */
export async function readFixture(name: RepositoryFixture): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const archive = extract();
  archive.on('entry', (header, stream, next) => {
    const pieces: Buffer[] = [];
    stream.on('data', (piece) => pieces.push(piece as Buffer));
    stream.on('end', () => {
      if (header.type === 'file') files.set(header.name.replace(/^(\.\/)?repo\//, ''), Buffer.concat(pieces));
      next();
    });
  });
  await pipeline(createReadStream(fixturePath(`${name}.tar.gz`)), createGunzip(), archive);
  return files;
}

/** Unpacks a fixture; the answer is the path of the repository, writable, gone after the test. */
export async function unpackFixture(t: Cleanup, name: RepositoryFixture): Promise<string> {
  const folder = tempFolder(t, name);
  for (const [path, bytes] of await readFixture(name)) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytes);
  }
  return folder;
}
