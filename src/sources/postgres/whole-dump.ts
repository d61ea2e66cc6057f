/** The parts of a dump as one stream again, with a new random word in it. */
import { randomBytes } from 'node:crypto';
import { copyOf } from '../../kernel/bytes.ts';
import type { StoredDatabase } from '../database/driver.ts';
import { plainRestrictWord } from './dump-parts.ts';

/** The line at the end of a dump lies within so many bytes. */
const tailSize = 4096;

export function wholeDump({
  evidence: { parts },
  read,
}: StoredDatabase): AsyncGenerator<Uint8Array, void, void> {
  return withNewWord(joined());

  async function* joined(): AsyncGenerator<Uint8Array, void, void> {
    for (const { name } of parts) yield* read(name);
  }
}

/**
 * The word that shuts psql's own commands out of the data was made plain to be stored: whoever wrote to the database
 * could know it, so each dump gets a new one.
 */
export async function* withNewWord(dump: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const word = randomBytes(32).toString('hex');
  const fresh = (text: Uint8Array, command: 'restrict' | 'unrestrict'): Uint8Array => {
    const line = `\n\\${command} ${plainRestrictWord}\n`;
    const whole = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
    const at = command === 'restrict' ? whole.indexOf(line) : whole.lastIndexOf(line);
    if (at < 0) return text;
    const changed = Buffer.from(`\n\\${command} ${word}\n`);
    return Buffer.concat([text.subarray(0, at), changed, text.subarray(at + line.length)]);
  };
  let first = true;
  /** the end so far, held back */
  let tail: Uint8Array = new Uint8Array(0);
  for await (const piece of dump) {
    const bytes = first ? fresh(piece, 'restrict') : piece;
    first = false;
    if (bytes.length >= tailSize) {
      if (tail.length > 0) yield tail;
      yield bytes.subarray(0, bytes.length - tailSize);
      tail = copyOf(bytes.subarray(bytes.length - tailSize));
      continue;
    }
    const all = Buffer.concat([tail, bytes]);
    const kept = Math.min(all.length, tailSize);
    if (all.length > kept) yield all.subarray(0, all.length - kept);
    tail = all.subarray(all.length - kept);
  }
  if (tail.length > 0) yield fresh(tail, 'unrestrict');
}
