/** File names of the command line as the bytes that they are: Node has decoded them, and lost what is not UTF-8. */
import { readFileSync } from 'node:fs';
import { rawPath } from '../sources/files/path.ts';

/** What Node puts where bytes are no UTF-8. */
const replacement = '\ufffd';

/** The raw path that an operand stands for; where the system keeps the command line (Linux), also one that is not UTF-8. */
export function rawOperand(text: string, readCommandLine: () => Buffer = commandLine): Uint8Array {
  if (!text.includes(replacement)) return rawPath(text);
  return splitAtZeros(readCommandLine()).find((raw) => raw.toString() === text) ?? rawPath(text);
}

function commandLine(): Buffer {
  try {
    return readFileSync('/proc/self/cmdline');
  } catch {
    return Buffer.alloc(0);
  }
}

function splitAtZeros(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0, start);
    const stop = end < 0 ? bytes.length : end;
    parts.push(bytes.subarray(start, stop));
    start = stop + 1;
  }
  return parts;
}
