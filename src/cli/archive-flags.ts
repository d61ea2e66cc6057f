/** The flags by which verbs work on archives: how one is laid out, what its files pass through, what opens them. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { HoldfastError } from '../kernel/errors.ts';
import { collect, collectSplit } from './values.ts';

export interface ArchiveFlags {
  layout?: string;
  encode?: string[];
  recipient?: string[];
  identity?: string[];
  minSizeRatio?: string;
  acceptSize?: boolean;
  archiveName?: string;
}

/** Under this heading the help shows them. */
const heading = 'Flags for archives (-r archive:LOCATION):';

export function addArchiveWriteFlags(command: Command): Command {
  const encode = 'gzip, lz4, zstd or none, then openpgp or age; zstd:19 has a level (default: gzip)';
  const recipient = 'who can open it: a file of OpenPGP certificates, age1..., or a file of those';
  const smaller =
    'replace no file of the layout latest by one smaller than this part of it, where there are no versions (default: 0.5)';
  const accept = 'this backup has the right size, however small: later ones are compared with it';
  const name = 'what files are called, in place of the server and the database, or of the paths';
  return addLayoutFlag(command)
    .addOption(new Option('--archive-name <name>', name).helpGroup(heading))
    .addOption(new Option('--min-size-ratio <ratio>', smaller).helpGroup(heading))
    .addOption(new Option('--accept-size', accept).helpGroup(heading))
    .addOption(new Option('--encode <name,...>', encode).argParser(collectSplit).helpGroup(heading))
    .addOption(new Option('--recipient <recipient>', recipient).argParser(collect).helpGroup(heading));
}

/** Code `usage`: the name of a stream is told otherwise. */
export function refuseNamedStream({ archiveName }: ArchiveFlags): void {
  if (archiveName === undefined) return;
  throw new HoldfastError(
    'usage',
    'a stream is called after --stdin-filename, and goes without --archive-name',
  );
}

export function addArchiveReadFlags(command: Command): Command {
  const identity = 'a file that opens what is encrypted: an OpenPGP private key, or age identities';
  return addLayoutFlag(command).addOption(
    new Option('--identity <file>', identity).argParser(collect).helpGroup(heading),
  );
}

function addLayoutFlag(command: Command): Command {
  const layout = 'daily, rolling, flat, latest or dated (default: as it is; dated for a new one)';
  return command.addOption(new Option('--layout <layout>', layout).helpGroup(heading));
}

export function minSizeRatio(): Option {
  const what = 'remove nothing beside a newest one that is smaller than this part of its elders';
  return new Option('--min-size-ratio <ratio>', `${what} (default: 0.5)`).helpGroup(heading);
}

/** Undefined without the flag. Code `usage`. */
export function parseSizeRatio(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ratio = Number(text);
  if (text !== '' && ratio >= 0 && ratio <= 1) return ratio;
  throw new HoldfastError('usage', `--min-size-ratio: "${text}" is not a number from 0 to 1`);
}
