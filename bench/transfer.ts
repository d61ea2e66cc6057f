/**
 * How fast one large object goes up and down by SFTP and FTP, beside scp and curl on the same servers in the same run:
 *
 *   node bench/transfer.ts [--mib 256] [--runs 7]
 *
 * Needs root, sshd, vsftpd, scp and curl. Everything lies in memory, so that no disk is measured. The runs alternate, and
 * the fastest of each counts: what else a machine does only ever makes one slower. Processor seconds are medians.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStorage } from '../src/storage/open.ts';
import type { Storage } from '../src/storage/storage.ts';
import { startSshd } from '../test/support/sshd.ts';
import { startVsftpd } from '../test/support/vsftpd.ts';
import { measure, median } from './measure.ts';
import { positive } from './options.ts';

const { values } = parseArgs({
  options: { mib: { type: 'string', default: '256' }, runs: { type: 'string', default: '7' } },
});
const mib = positive('mib', values.mib);
const runs = positive('runs', values.runs);

/** One server, with two ways to it. */
interface Pair {
  readonly title: string;
  readonly peer: string;
  readonly open: () => Promise<Storage>;
  readonly put: readonly string[];
  readonly get: readonly string[];
  readonly stop: () => Promise<void>;
}

interface Cost {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

const folder = mkdtempSync('/dev/shm/holdfast-transfer-');
// The servers' users must be able to go through it.
chmodSync(folder, 0o755);
process.env['TMPDIR'] = folder;
const source = join(folder, 'source');
const copy = join(folder, 'copy');

try {
  await writeFile(source, randomBytes(mib << 20));
  console.log(
    `| way | direction | peer | MiB/s | Holdfast MiB/s | of the peer's | peer's CPU s | Holdfast's CPU s |`,
  );
  console.log(`| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |`);
  for (const start of [sftp, () => ftp('none'), () => ftp('explicit')]) await compare(await start());
} finally {
  rmSync(folder, { recursive: true });
}

async function compare(pair: Pair): Promise<void> {
  try {
    for (const direction of ['up', 'down'] as const) {
      const peers: Cost[] = [];
      const ours: Cost[] = [];
      for (let run = 0; run < runs; run++) {
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
    await storage.write('object', createReadStream(source, { highWaterMark: 1 << 20 }));
  } else {
    await using file = await open(copy, 'w');
    for await (const piece of storage.stream('object')) await file.write(piece);
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

async function sftp(): Promise<Pair> {
  const server = await startSshd();
  const scp = ['scp', '-q', '-F', server.sshConfig];
  return {
    title: 'SFTP',
    peer: 'scp',
    open: () =>
      openStorage(`sftp://${server.user}@127.0.0.1:${server.port}/${server.home}/own`, {
        environment: {},
        credentials: { keyFile: server.keyFile },
        extended: new Map([['sftp.known-hosts', server.knownHosts]]),
      }),
    put: [...scp, source, `test:${server.home}/object`],
    get: [...scp, `test:${server.home}/object`, copy],
    stop: () => server.stop(),
  };
}

async function ftp(security: 'none' | 'explicit'): Promise<Pair> {
  const server = await startVsftpd({ security });
  const netrc = join(folder, 'netrc');
  await writeFile(netrc, `machine 127.0.0.1 login ${server.user} password "${server.password}"\n`, {
    mode: 0o600,
  });
  const tls = server.ca === undefined ? [] : ['--ssl-reqd', '--cacert', server.ca];
  const curl = ['curl', '-sS', '--netrc-file', netrc, ...tls];
  const url = `ftp://127.0.0.1:${server.port}/object`;
  return {
    title: security === 'none' ? 'FTP' : 'FTP with TLS',
    peer: 'curl',
    open: () =>
      openStorage(`${server.scheme}://${server.user}@127.0.0.1:${server.port}/own`, {
        environment: { HOLDFAST_FTP_PASSWORD: server.password },
        ...(server.ca !== undefined && { caFiles: [server.ca] }),
      }),
    put: [...curl, '-T', source, url],
    get: [...curl, '-o', copy, url],
    stop: () => server.stop(),
  };
}
