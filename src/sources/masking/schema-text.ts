/** The schema of a database as one text: masking looks at all of it before the first row. */
import { HoldfastError } from '../../kernel/errors.ts';

/** What a schema may have: it is held in memory. */
const largestSchema = 256 * 1024 * 1024;

/** The text of streams, one behind the other, each byte a character. Code `unsupported` when it is far too large. */
export async function collectText(streams: Iterable<AsyncIterable<Uint8Array>>): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for (const stream of streams) {
    for await (const piece of stream) {
      size += piece.length;
      if (size > largestSchema) throw new HoldfastError('unsupported', 'the schema has more than 256 MiB');
      pieces.push(Buffer.from(piece));
    }
  }
  return Buffer.concat(pieces).toString('latin1');
}
