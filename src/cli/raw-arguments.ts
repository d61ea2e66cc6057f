/** The command line with nothing lost: Node has decoded it, and put one and the same sign where bytes are not UTF-8. */
import { readFileSync } from 'node:fs';
import { pathToText } from '../kernel/path-text.ts';

/** What Node puts where bytes are no UTF-8. */
const replacement = '\ufffd';

/** The last arguments of this process, as path-text.ts has it where the system keeps the command line (Linux). */
export function rawArguments(
  args: readonly string[],
  readCommandLine: () => Buffer = commandLine,
): readonly string[] {
  if (!args.some((arg) => arg.includes(replacement))) return args;
  const raw = splitAtZeros(readCommandLine()).slice(-args.length);
  return args.map((arg, at) => (raw[at]?.toString() === arg ? pathToText(raw[at]) : arg));
}

function commandLine(): Buffer {
  try {
    return readFileSync('/proc/self/cmdline');
  } catch {
    return Buffer.alloc(0);
  }
}

/** Each part ends with a zero. */
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
