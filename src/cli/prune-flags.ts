/** The flags of prune, which forget --prune takes as well. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { HoldfastError } from '../kernel/errors.ts';
import { parseSize } from '../kernel/quantity.ts';
import type { PruneOptions } from '../operations/prune.ts';
import type { MaxUnused } from '../operations/prune-plan.ts';
import type { GlobalSettings } from './global-options.ts';

export interface PruneFlags {
  maxUnused: string;
  maxRepackSize?: string;
  repackCacheableOnly?: boolean;
  repackSmall?: boolean;
  repackUncompressed?: boolean;
  repackSmallerThan?: string;
}

export function addPruneFlags(command: Command): Command {
  return command
    .option('--max-unused <limit>', 'unused data that may stay: a size, a percentage or unlimited', '5%')
    .option('--max-repack-size <size>', 'pack at most this much anew')
    .option('--repack-cacheable-only', 'pack only directories anew')
    .addOption(new Option('--repack-small', 'without effect: small packs are packed anew anyway').hideHelp())
    .option('--repack-uncompressed', 'pack and compress all data that is not compressed')
    .option('--repack-smaller-than <size>', 'pack smaller packs anew');
}

/** Code `usage`. */
export function pruneOptions(flags: PruneFlags, settings: GlobalSettings): PruneOptions {
  if (flags.repackUncompressed && settings.compression === 'off') {
    throw new HoldfastError('usage', '--repack-uncompressed and --compression off contradict each other');
  }
  const smaller = flags.repackSmallerThan;
  const smallPackBytes = smaller ? parseSize(smaller, '--repack-smaller-than') : undefined;
  if (smallPackBytes === 0) throw new HoldfastError('usage', '--repack-smaller-than must be above zero');
  const repackSize = flags.maxRepackSize;
  return {
    maxUnused: parseMaxUnused(flags.maxUnused.trim()),
    ...(repackSize ? { maxRepackBytes: parseSize(repackSize, '--max-repack-size') } : {}),
    ...(smallPackBytes ? { smallPackBytes } : {}),
    repackCacheableOnly: flags.repackCacheableOnly ?? false,
    repackUncompressed: flags.repackUncompressed ?? false,
    compression: settings.compression,
    ...(settings.packSize ? { packSize: settings.packSize } : {}),
  };
}

function parseMaxUnused(text: string): MaxUnused {
  if (text === 'unlimited') return 'unlimited';
  if (!text.endsWith('%')) return { bytes: parseSize(text, '--max-unused') };
  const percent = /^\d+(\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) : Number.NaN;
  if (!(percent >= 0 && percent < 100)) {
    throw new HoldfastError('usage', `--max-unused: ${text} is not between 0% and 100%`);
  }
  return { percent };
}
