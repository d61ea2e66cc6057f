/** The flags by which verbs work on archives: how one is laid out, what its files pass through, what opens them. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { collect, collectSplit } from './values.ts';

export interface ArchiveFlags {
  layout?: string;
  encode?: string[];
  recipient?: string[];
  identity?: string[];
}

/** Under this heading the help shows them. */
const heading = 'Flags for archives (-r archive:LOCATION):';

export function addArchiveWriteFlags(command: Command): Command {
  const encode = 'gzip, lz4, zstd or none, then openpgp or age; zstd:19 has a level (default: gzip)';
  const recipient = 'who can open it: a file of OpenPGP certificates, age1..., or a file of those';
  return addLayoutFlag(command)
    .addOption(new Option('--encode <name,...>', encode).argParser(collectSplit).helpGroup(heading))
    .addOption(new Option('--recipient <recipient>', recipient).argParser(collect).helpGroup(heading));
}

export function addArchiveReadFlags(command: Command): Command {
  const identity = 'a file that opens what is encrypted: an OpenPGP private key, or age identities';
  return addLayoutFlag(command).addOption(
    new Option('--identity <file>', identity).argParser(collect).helpGroup(heading),
  );
}

function addLayoutFlag(command: Command): Command {
  const layout = 'daily, rolling, latest or dated (default: as it is; dated for a new one)';
  return command.addOption(new Option('--layout <layout>', layout).helpGroup(heading));
}

export function minSizeRatio(): Option {
  const what = 'remove nothing beside a newest one that is smaller than this part of its elders';
  return new Option('--min-size-ratio <ratio>', `${what} (default: 0.5)`).helpGroup(heading);
}
