/** `holdfast stats` */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { StatsMode, StatsResult } from '../../operations/stats.ts';
import type { SnapshotFlags } from '../snapshot-flags.ts';
import { addSnapshotFlags, snapshotFilter } from '../snapshot-flags.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

interface Options extends SnapshotFlags {
  mode: StatsMode;
}

const modes: readonly StatsMode[] = ['restore-size', 'files-by-contents', 'blobs-per-file', 'raw-data'];

export function statsCommand(runtime: Runtime): Command {
  const command = verb(
    'stats',
    '[flags] [SNAPSHOT...]',
    'Counts what snapshots hold: the bytes of a restore (restore-size), of files with different\n' +
      'contents (files-by-contents), of the blobs that files refer to (blobs-per-file), or of what\n' +
      'is stored (raw-data).',
  ).addOption(new Option('--mode <mode>', 'what is counted').choices(modes).default('restore-size'));
  addSnapshotFlags(command).action(
    action<Options>(runtime, async (invocation, ids, flags) => {
      const { terminal, environment } = invocation;
      const { withRepository } = await import('../session.ts');
      const { stats } = await import('../../operations/stats.ts');
      const { startCounter } = await import('../output/progress.ts');
      const { formatBytes } = await import('../output/format.ts');
      const counter = startCounter(terminal, environment);
      const filter = snapshotFilter(flags, environment, ids);
      const onProgress = (done: number, total: number): void => counter.set(done, total, 'snapshots counted');
      const result = await withRepository(
        invocation,
        { lock: 'read', prefetch: ['snapshot', 'index'] },
        (repository, context) => stats(repository, { filter, mode: flags.mode, onProgress }, context),
      ).finally(() => counter.done());
      if (terminal.json) return terminal.emit(statsJson(result));
      const line = (title: string, value: string): void => terminal.result(`${title.padStart(24)}  ${value}`);
      const { compression } = result;
      terminal.result(`Stats in ${flags.mode} mode:`);
      line('Snapshots processed:', String(result.snapshots));
      if (result.totalBlobs > 0) line('Total Blob Count:', String(result.totalBlobs));
      if (result.totalFiles > 0) line('Total File Count:', String(result.totalFiles));
      if (compression?.totalUncompressedSize) {
        line('Total Uncompressed Size:', formatBytes(compression.totalUncompressedSize));
      }
      line('Total Size:', formatBytes(result.totalSize));
      if (compression?.progress) line('Compression Progress:', `${compression.progress.toFixed(2)}%`);
      if (compression?.ratio) line('Compression Ratio:', `${compression.ratio.toFixed(2)}x`);
      if (compression?.spaceSaving) {
        line('Compression Space Saving:', `${compression.spaceSaving.toFixed(2)}%`);
      }
    }),
  );
  return withExamples(command, [
    ['holdfast stats latest', 'how much a restore writes'],
    ['holdfast stats --mode raw-data', 'how much is stored, and what compression saves'],
  ]);
}

function statsJson({ snapshots, totalSize, totalFiles, totalBlobs, compression }: StatsResult): object {
  return {
    total_size: totalSize,
    total_uncompressed_size: compression?.totalUncompressedSize || undefined,
    compression_ratio: compression?.ratio,
    compression_progress: compression?.progress || undefined,
    compression_space_saving: compression?.spaceSaving || undefined,
    total_file_count: totalFiles || undefined,
    total_blob_count: totalBlobs || undefined,
    snapshots_count: snapshots,
  };
}
