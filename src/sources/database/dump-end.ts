/** Dump programs write a line when they are done: what ends without it is no dump, whatever their status says. */
import { HoldfastError } from '../../kernel/errors.ts';

/** The line is among the last bytes: comments and what undoes settings come behind it. */
const tailSize = 1024;

/** The same bytes. Code `truncated` after the last one when the line is not there. */
export async function* withDumpEnd(
  dump: AsyncIterable<Uint8Array>,
  line: string,
  program: string,
): AsyncGenerator<Uint8Array, void, void> {
  let tail = Buffer.alloc(0);
  for await (const piece of dump) {
    // a piece is valid until the next one
    tail = Buffer.concat([tail, piece.subarray(-tailSize)]).subarray(-tailSize);
    yield piece;
  }
  if (!tail.includes(line))
    throw new HoldfastError('truncated', `the dump of ${program} ends before its end`);
}
