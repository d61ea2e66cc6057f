/** What an entry's stream has, for those who take bytes alone. */
import { HoldfastError } from '../kernel/errors.ts';
import { createRowSum } from '../kernel/row-sum.ts';
import type { EntryContent } from './entry.ts';

/** The bytes; of rows it is told what passed. `name` is the source's, for a message. */
export async function* readContent(
  name: string,
  content: EntryContent,
): AsyncGenerator<Uint8Array, void, void> {
  if (content.kind === 'file') throw new HoldfastError('failed', `${name} does not yield a stream`);
  const { bytes } = content;
  if (content.kind === 'stream') return yield* bytes;
  const sum = createRowSum();
  let size = 0;
  for await (const piece of bytes) {
    sum.update(piece);
    size += piece.length;
    yield piece;
  }
  content.done?.({ ...sum.end(), bytes: size });
}
