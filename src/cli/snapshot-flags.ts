/** The flags --host, --tag and --path, by which verbs choose snapshots. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { SnapshotFilter } from '../vaults/repository/snapshot-filter.ts';
import type { Environment } from './environment.ts';
import { setting } from './environment.ts';
import { collect, collectLists } from './values.ts';

export interface SnapshotFlags {
  host?: string[];
  tag?: string[][];
  path?: string[];
}

/** Adds the flags; `shortHost` is false where -H means something else. */
export function addSnapshotFlags(command: Command, { shortHost = true } = {}): Command {
  const host = shortHost ? '-H, --host <host>' : '--host <host>';
  return command
    .addOption(new Option(host, 'only snapshots of this host (default: $HOLDFAST_HOST)').argParser(collect))
    .addOption(new Option('--tag <tag,...>', 'only snapshots with all of these tags').argParser(collectLists))
    .addOption(new Option('--path <path>', 'only snapshots that hold this absolute path').argParser(collect));
}

/** What the flags and the environment say; --host= takes the environment's host away. */
export function snapshotFilter(
  flags: SnapshotFlags,
  environment: Environment,
  ids: readonly string[] = [],
): SnapshotFilter {
  const ofEnvironment = setting(environment, 'HOST');
  const hosts = flags.host ?? (ofEnvironment ? [ofEnvironment] : []);
  return {
    hosts: hosts.length === 1 && hosts[0] === '' ? [] : hosts,
    tags: flags.tag ?? [],
    // snapshots name their paths as text alone
    paths: flags.path?.map((path) => path.toWellFormed()) ?? [],
    ids,
  };
}
