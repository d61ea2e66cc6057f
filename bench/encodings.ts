/**
 * Encodings of archives against the stock programs: the same generated SQL there and back, in turns on one machine,
 * because what else runs there changes by the minute. Prints a table of the best of all rounds, and their ratio.
 *
 *   node bench/encodings.ts [MEGABYTES, default 512] [ROUNDS, default 3]
 */
import { spawnSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { generateKey } from 'openpgp';
import { type Command, measure, type Measurement } from './measure.ts';

const megabytes = Number(process.argv[2] ?? 512);
const rounds = Number(process.argv[3] ?? 3);
const script = fileURLToPath(new URL('encode-file.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'hf-bench-'));
const at = (name: string): string => join(folder, name);

interface Contest {
  readonly name: string;
  /** what ours is compared with: of several programs the first is the one that everybody has */
  readonly encode: Readonly<Record<string, string>>;
  readonly decode: Readonly<Record<string, string>>;
  readonly recipient?: string;
  readonly identity?: string;
}

try {
  await run();
} finally {
  spawnSync('gpgconf', ['--homedir', at('gpg'), '--kill', 'all']);
  rmSync(folder, { recursive: true, force: true });
}

async function run(): Promise<void> {
  await writeSql(at('plain'));
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  writeFileSync(at('age.key'), `${identity}\n`);
  const pair = await generateKey({ userIDs: [{ name: 'Bench' }] });
  writeFileSync(at('public.asc'), pair.publicKey);
  writeFileSync(at('private.asc'), pair.privateKey);
  spawnSync('mkdir', ['-m', '700', at('gpg')]);
  const gpg = `gpg --homedir ${at('gpg')} --batch --quiet --yes`;
  spawnSync('sh', ['-c', `${gpg} --import ${at('private.asc')}`]);
  const contests: readonly Contest[] = [
    {
      name: 'gzip',
      encode: { 'gzip -6': 'gzip -6c', 'pigz -6': 'pigz -6c' },
      decode: { gunzip: 'gzip -dc', unpigz: 'pigz -dc' },
    },
    { name: 'lz4', encode: { lz4: 'lz4 -1c' }, decode: { 'lz4 -d': 'lz4 -dc' } },
    {
      name: 'zstd',
      encode: { 'zstd -3': 'zstd -3c', 'zstd -3 -T0': 'zstd -3c -T0' },
      decode: { 'zstd -d': 'zstd -dc' },
    },
    {
      name: 'openpgp',
      encode: { 'gpg -z 0': `${gpg} --trust-model always -z 0 -r Bench --encrypt -o -` },
      decode: { 'gpg -d': `${gpg} --decrypt` },
      recipient: at('public.asc'),
      identity: at('private.asc'),
    },
    {
      name: 'age',
      encode: { age: `age -r ${recipient}` },
      decode: { 'age -d': `age -d -i ${at('age.key')}` },
      recipient,
      identity: at('age.key'),
    },
  ];
  console.log('| way | program | seconds | processor s | peak MiB | stored | ours is |');
  console.log('| --- | --- | ---: | ---: | ---: | ---: | ---: |');
  for (const contest of contests) {
    await compete(`${contest.name}`, 'encode', contest, 'plain', 'encoded');
    await compete(`${contest.name} back`, 'decode', contest, 'encoded', 'decoded');
  }
}

/** Everybody in turns, `rounds` times; the file that ours wrote stays. */
async function compete(
  title: string,
  way: 'encode' | 'decode',
  { name, recipient, identity, ...programs }: Contest,
  from: string,
  to: string,
): Promise<void> {
  const key = (way === 'encode' ? recipient : identity) ?? 'none';
  const ours: Command = { argv: [process.execPath, script, way, name, key, at(from), at(to)] };
  const all = new Map<string, Command>([
    ...Object.entries(programs[way]).map(([program, line]) => {
      const command: Command = { argv: ['sh', '-c', `${line} <${at(from)} >${at('theirs')}`] };
      return [program, command] as const;
    }),
    ['holdfast', ours] as const,
  ]);
  const best = new Map<string, Measurement & { readonly stored: number }>();
  for (let round = 0; round < rounds; round++) {
    for (const [program, command] of all) {
      const measured = await measure(command);
      const stored = statSync(at(program === 'holdfast' ? to : 'theirs')).size;
      const before = best.get(program);
      if (!before || measured.seconds < before.seconds) best.set(program, { ...measured, stored });
    }
  }
  const own = best.get('holdfast')!;
  for (const [program, { seconds, cpuSeconds, peakMiB, stored }] of best) {
    const ratio = program === 'holdfast' ? '' : `${(seconds / own.seconds).toFixed(2)} times as fast`;
    const share = `${((stored / (megabytes * 1e6)) * 100).toFixed(1)} %`;
    const figures = [seconds.toFixed(2), cpuSeconds.toFixed(2), peakMiB.toFixed(0), share, ratio];
    console.log(`| ${[title, program, ...figures].join(' | ')} |`);
  }
}

/** Rows as a dump has them, none like another. */
async function writeSql(path: string): Promise<void> {
  await pipeline(async function* () {
    let written = 0;
    let seed = 1;
    const next = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let id = 1; written < megabytes * 1e6;) {
      let text = 'INSERT INTO orders VALUES\n';
      for (let i = 0; i < 4000; i++, id++) {
        const mail = `customer.${next(900_000)}@mail${next(97)}.example.org`;
        const hash = next(2_000_000_000).toString(16);
        text += `(${id},'${mail}','Given${next(4000)} Family${next(20_000)}',${next(100_000)}.${next(90) + 10},`;
        text += `'2026-${10 + next(3)}-${10 + next(18)} ${10 + next(14)}:${10 + next(50)}:00','${hash}','theme=dark;page=${next(99)}'),\n`;
      }
      written += text.length;
      yield text;
    }
  }, createWriteStream(path));
}
