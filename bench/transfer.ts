/**
 * How fast one large object goes up and down, beside scp, curl and rclone on the same servers in the same run:
 *
 *   node bench/transfer.ts [--mib 256] [--runs 7] [--only sftp,ftp,ftps,rest,rest-tls,rclone,rclone-sftp]
 *
 * Needs root, sshd, vsftpd, rest-server, rclone, scp and curl. Everything lies in memory, so that no disk is measured. The
 * runs alternate, and the fastest of each counts: what else a machine does only ever makes one slower. Processor seconds
 * are medians, and of the client alone; what rclone takes as a server of ours is not among them.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measure, median } from './measure.ts';
import { positive } from './options.ts';
import { starts } from './transfer-pairs.ts';
import type { Files, Pair } from './transfer-pairs.ts';

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '256' },
    runs: { type: 'string', default: '7' },
    only: { type: 'string', default: Object.keys(starts).join() },
  },
});
const mib = positive('mib', values.mib);
const runs = positive('runs', values.runs);
const chosen = values.only.split(',').map((name) => {
  const start = starts[name];
  if (start === undefined)
    throw new Error(`there is no way ${name}; there are ${Object.keys(starts).join(', ')}`);
  return start;
});

interface Cost {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

const folder = mkdtempSync('/dev/shm/holdfast-transfer-');
// The servers' users must be able to go through it.
chmodSync(folder, 0o755);
process.env['TMPDIR'] = folder;
const files: Files = { folder, source: join(folder, 'source'), copy: join(folder, 'copy') };

try {
  await writeFile(files.source, randomBytes(mib << 20));
  console.log(
    `| way | direction | peer | MiB/s | Holdfast MiB/s | of the peer's | peer's CPU s | Holdfast's CPU s |`,
  );
  console.log(`| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |`);
  for (const start of chosen) await compare(await start(files));
} finally {
  rmSync(folder, { recursive: true });
}

async function compare(pair: Pair): Promise<void> {
  try {
    for (const direction of ['up', 'down'] as const) {
      const peers: Cost[] = [];
      const ours: Cost[] = [];
      for (let run = 0; run < runs; run++) {
        if (direction === 'up') await pair.clear?.();
        peers.push(await measure({ argv: direction === 'up' ? pair.put : pair.get }));
        ours.push(await own(pair, direction));
      }
      console.log(row(pair, direction, peers, ours));
    }
  } finally {
    await pair.stop();
  }
}

/** Connecting and closing count, as they do for the peers. */
async function own(pair: Pair, direction: 'up' | 'down'): Promise<Cost> {
  const begin = performance.now();
  const cpu = process.cpuUsage();
  const storage = await pair.open();
  if (direction === 'up') {
    await storage.write(pair.name, createReadStream(files.source, { highWaterMark: 1 << 20 }));
  } else {
    await using file = await open(files.copy, 'w');
    for await (const piece of storage.stream(pair.name, { reuse: true })) await file.write(piece);
  }
  await storage.close();
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: (performance.now() - begin) / 1000, cpuSeconds: (user + system) / 1e6 };
}

function row({ title, peer }: Pair, direction: string, peers: Cost[], ours: Cost[]): string {
  const seconds = (costs: Cost[]): number => Math.min(...costs.map((cost) => cost.seconds));
  const cpu = (costs: Cost[]): string => median(costs.map((cost) => cost.cpuSeconds)).toFixed(2);
  const pace = (costs: Cost[]): string => (mib / seconds(costs)).toFixed(0);
  const ratio = `${((100 * seconds(peers)) / seconds(ours)).toFixed(0)}%`;
  return `| ${[title, direction, peer, pace(peers), pace(ours), ratio, cpu(peers), cpu(ours)].join(' | ')} |`;
}
