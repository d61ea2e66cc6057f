/** The current folder as the bytes that it is: Node decodes its name, and loses what is not UTF-8. */
import { readlinkSync } from 'node:fs';
import { rawPath } from './path.ts';

/** Absolute; where the system tells it (Linux), also one whose name is not UTF-8. */
export function currentFolder(): Uint8Array {
  const text = process.cwd();
  if (!text.includes('\ufffd')) return rawPath(text);
  try {
    return readlinkSync('/proc/self/cwd', { encoding: 'buffer' });
  } catch {
    return rawPath(text);
  }
}
