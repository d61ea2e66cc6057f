/** How the figures of a prune are told. */
import type { PrunePlan } from '../../operations/prune.ts';
import type { PruneStatistics } from '../../operations/prune-statistics.ts';
import type { Leftover } from '../../storage/storage.ts';
import { formatBytes, formatPercent, plural } from './format.ts';
import type { Terminal } from './terminal.ts';

export function tellPrunePlan(
  terminal: Terminal,
  { statistics, leftovers }: Pick<PrunePlan, 'statistics' | 'leftovers'>,
): void {
  if (terminal.json) {
    return terminal.emit({
      ...statisticsJson(statistics),
      ...(leftovers.length > 0 && leftoversJson(leftovers)),
    });
  }
  const { blobs, bytes, packs } = statistics;
  const line = (title: string, count: number, size: number): string =>
    `${title.padEnd(13)} ${String(count).padStart(10)} blobs / ${formatBytes(size)}`;
  const packLine = (title: string, count: number): string =>
    `${title.padEnd(19)} ${String(count).padStart(10)}`;

  terminal.detail('');
  terminal.detail(line('used:', blobs.used, bytes.used));
  if (blobs.duplicate > 0) terminal.detail(line('duplicates:', blobs.duplicate, bytes.duplicate));
  terminal.detail(line('unused:', blobs.unused, bytes.unused));
  if (bytes.unreferenced > 0) terminal.detail(`unreferenced: ${formatBytes(bytes.unreferenced)}`);
  terminal.detail(line('total:', blobs.total, bytes.total));
  const unused = formatPercent(bytes.duplicate + bytes.unused, bytes.total) || '0.00%';
  terminal.detail(`unused size: ${unused} of total size`);

  terminal.say('');
  terminal.say(line('to repack:', blobs.repack, bytes.repack));
  terminal.say(line('this removes:', blobs.repackRemove, bytes.repackRemove));
  terminal.say(line('to delete:', blobs.remove, bytes.remove + bytes.unreferenced));
  terminal.say(line('total prune:', blobs.removeTotal, bytes.removeTotal));
  if (bytes.uncompressed > 0) terminal.say(`not yet compressed: ${formatBytes(bytes.uncompressed)}`);
  terminal.say(line('remaining:', blobs.remaining, bytes.remaining));
  const share = formatPercent(bytes.remainingUnused, bytes.remaining) || '0.00%';
  terminal.say(`unused size after prune: ${formatBytes(bytes.remainingUnused)} (${share} of remaining size)`);
  if (leftovers.length > 0) {
    const files = plural(leftovers.length, 'unfinished file');
    terminal.say(`left behind by killed writers, to delete: ${files} / ${formatBytes(sizeOf(leftovers))}`);
  }
  terminal.say('');

  for (const { name, size } of leftovers) terminal.detail(`unfinished: ${name} (${formatBytes(size)})`);
  terminal.detail(packLine('totally used packs:', packs.used));
  terminal.detail(packLine('partly used packs:', packs.partlyUsed));
  terminal.detail(packLine('unused packs:', packs.unused));
  terminal.detail(packLine('packs to keep:', packs.keep));
  terminal.detail(packLine('packs to repack:', packs.repack));
  terminal.detail(packLine('packs to delete:', packs.remove));
  if (packs.unreferenced > 0) terminal.detail(packLine('unreferenced packs:', packs.unreferenced));
}

function sizeOf(leftovers: readonly Leftover[]): number {
  return leftovers.reduce((sum, { size }) => sum + size, 0);
}

function leftoversJson(leftovers: readonly Leftover[]): object {
  return { leftovers: { files: leftovers.length, bytes: sizeOf(leftovers) } };
}

function statisticsJson({ blobs, bytes, packs }: PruneStatistics): object {
  return {
    message_type: 'summary',
    blobs: {
      used: blobs.used,
      duplicate: blobs.duplicate,
      unused: blobs.unused,
      total: blobs.total,
      repack: blobs.repack,
      repack_remove: blobs.repackRemove,
      remove: blobs.remove,
      remove_total: blobs.removeTotal,
      remaining: blobs.remaining,
    },
    bytes: {
      used: bytes.used,
      duplicate: bytes.duplicate,
      unused: bytes.unused,
      unreferenced: bytes.unreferenced,
      uncompressed: bytes.uncompressed,
      total: bytes.total,
      repack: bytes.repack,
      repack_remove: bytes.repackRemove,
      remove: bytes.remove,
      remove_total: bytes.removeTotal,
      remaining: bytes.remaining,
      remaining_unused: bytes.remainingUnused,
    },
    packfiles: {
      used: packs.used,
      unused: packs.unused,
      partly_used: packs.partlyUsed,
      unreferenced: packs.unreferenced,
      total: packs.total,
      keep: packs.keep,
      repack: packs.repack,
      remove: packs.remove,
      remove_total: packs.removeTotal,
    },
  };
}
