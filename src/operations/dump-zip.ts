/** A folder of a snapshot as a zip archive: files, folders and links, one after another. */
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import type { Context } from '../kernel/context.ts';
import { fromGoMode } from '../vaults/repository/format/go-mode.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import type { ContentReader } from './file-content.ts';
import { type TreeEntry, treeEntries } from './tree-entries.ts';

/** 1980-01-01, and the last second that the format can hold. */
const firstZipTime = 315_532_800;
const lastZipTime = 0xffff_ffff;

/** The archive of everything below `tree`; names are those in the snapshot, without the leading slash. */
export async function* writeZip(
  repository: Repository,
  tree: Uint8Array,
  rootPath: string,
  content: ContentReader,
  context: Context,
): AsyncGenerator<Uint8Array> {
  const zip = new ZipFile();
  const output = zip.outputStream as Readable;
  zip.on('error', (error: Error) => output.destroy(error));
  const filling = (async () => {
    for await (const entry of treeEntries(repository, tree, rootPath, context))
      await addEntry(zip, entry, content);
    zip.end();
  })().catch((error: Error) => void output.destroy(error));
  try {
    yield* output as AsyncIterable<Uint8Array>;
  } finally {
    output.destroy();
  }
  await filling;
}

/** Adds one entry; a file is waited for, so that no more than one is ever open. */
async function addEntry(zip: ZipFile, { path, node }: TreeEntry, content: ContentReader): Promise<void> {
  const name = path.slice(1).toWellFormed();
  const options = {
    mtime: new Date(Math.min(Math.max(node.mtime.sec, firstZipTime), lastZipTime) * 1000),
    mode: fromGoMode(node.mode) & 0o177777,
  };
  if (node.type === 'dir') {
    zip.addEmptyDirectory(`${name}/`, options);
  } else if (node.type === 'symlink') {
    zip.addBuffer(Buffer.from(node.linktarget ?? []), name, { ...options, compress: false });
  } else if (node.type === 'file') {
    const stream = Readable.from(content.read(node, path), { objectMode: false });
    const read = once(stream, 'end');
    stream.once('error', (error) => zip.emit('error', error));
    zip.addReadStream(stream, name, options);
    await read;
  }
}
