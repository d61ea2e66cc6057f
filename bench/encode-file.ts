/** What bench/encodings.ts measures of ours: a file through one encoding into another file, in a process of its own. */
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type EncodingChoice, openDecodings, openEncodings } from '../src/vaults/archive/encodings/open.ts';

const [way, name, key, from, to] = process.argv.slice(2) as [
  string,
  EncodingChoice['name'],
  string,
  string,
  string,
];
const signal = new AbortController().signal;
const input = createReadStream(from, { highWaterMark: 1 << 20 });
const choice = name === 'openpgp' || name === 'age' ? { name, recipients: [key] } : { name };
const keys = { openpgpKeys: [key], ageIdentities: [key] };
const [encoding] = way === 'encode' ? await openEncodings([choice]) : await openDecodings([name], keys);
const output = way === 'encode' ? encoding!.encode(input, signal) : encoding!.decode(input, signal);
await pipeline(output, createWriteStream(to));
