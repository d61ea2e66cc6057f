/** What of a source goes into a backup: the rules of --exclude, --include and their relatives, asked entry by entry in worker threads. */
import { closeSync, openSync, readSync } from 'node:fs';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import { asBuffer } from '../../kernel/native/c-string.ts';
import type { StatRecords } from '../../kernel/native/stat-record.ts';
import { errnoName, showPath } from '../../kernel/native/system-error.ts';
import { type MatchState, type PatternList, compilePatterns, matchPath } from '../patterns/pattern-list.ts';
import { statPath } from './listing.ts';
import { absolutePath, baseName, directoryName, equalBytes, joinPath, rawPath } from './path.ts';
import { pathToText } from '../../kernel/path-text.ts';

/** Plain data, so that it can be handed to worker threads. */
export interface SelectionOptions {
  /** patterns, those of files included */
  readonly excludes: readonly string[];
  /** patterns that do not care about case */
  readonly insensitiveExcludes: readonly string[];
  /** where there are any, files that match none are left out; so are directories in which nothing can match */
  readonly includes: readonly string[];
  readonly insensitiveIncludes: readonly string[];
  /** `name` or `name:header` of files that mark a directory whose other content is left out */
  readonly excludeIfPresent: readonly string[];
  /** files with more bytes are left out; undefined for no limit */
  readonly excludeLargerThan: number | undefined;
  /** the sources and the devices they lie on, to stay on them; undefined to go everywhere (see `sourceDevices`) */
  readonly oneFileSystem: readonly SourceDevice[] | undefined;
  /** absolute paths that are left out with all that is below them: the cache of the program itself */
  readonly excludePaths: readonly Uint8Array[];
}

export interface SourceDevice {
  /** absolute, clean */
  readonly path: Uint8Array;
  readonly device: bigint;
}

/** The specification that `--exclude-caches` stands for. */
export const cacheDirectoryTag = 'CACHEDIR.TAG:Signature: 8a477f597d28d172789f06886806bc55';

/** Everything goes into the backup. */
export const selectAll: SelectionOptions = {
  excludes: [],
  insensitiveExcludes: [],
  includes: [],
  insensitiveIncludes: [],
  excludeIfPresent: [],
  excludeLargerThan: undefined,
  oneFileSystem: undefined,
  excludePaths: [],
};

/** The rules for the entries of one directory. */
export interface DirectorySelection {
  /** false when entry `i` of the records, with this raw name, is left out */
  includes(records: StatRecords, i: number, name: Uint8Array): boolean;
}

export interface Selection {
  /** true when no rule can leave anything out */
  readonly everything: boolean;
  /** the rules below a directory: an absolute, clean, raw path */
  below(directory: Uint8Array): DirectorySelection;
}

interface Tag {
  readonly name: Uint8Array;
  readonly header: Uint8Array;
}

/**
 * Compiles the rules, once a thread.
 * @param warn told about tag files that cannot be read or do not hold what they must
 * @throws HoldfastError `usage` for malformed patterns and specifications
 */
export function createSelection(options: SelectionOptions, warn: (message: string) => void): Selection {
  const unwanted = compileLists(options.insensitiveExcludes, options.excludes, 'exclude');
  const wanted = compileLists(options.insensitiveIncludes, options.includes, 'include');
  const tags = options.excludeIfPresent.map(parseTag);
  const limit = options.excludeLargerThan;
  const devices = options.oneFileSystem && deviceRules(options.oneFileSystem);
  const everything =
    unwanted.length === 0 &&
    wanted.length === 0 &&
    tags.length === 0 &&
    limit === undefined &&
    !devices &&
    options.excludePaths.length === 0;
  return {
    everything,
    below(directory) {
      if (everything) return { includes: () => true };
      const hasPatterns = unwanted.length + wanted.length > 0;
      const text = hasPatterns ? pathToText(directory) : '';
      const states = (lists: readonly PatternList[]): MatchState[] =>
        lists.map((list) => matchPath(list, text));
      const [unwantedHere, wantedHere] = [states(unwanted), states(wanted)];
      const marking = tags.filter((tag) => hasTag(directory, tag, warn));
      const banned = options.excludePaths
        .filter((path) => equalBytes(directoryName(path), directory))
        .map(baseName);
      const device = devices?.(directory);
      return {
        includes(records, i, name) {
          if (hasPatterns) {
            const nameText = pathToText(name);
            for (let k = 0; k < unwanted.length; k++)
              if (unwanted[k]!.step(unwantedHere[k]!, nameText).matched) return false;
            let isWanted = wanted.length === 0;
            for (let k = 0; k < wanted.length && !isWanted; k++) {
              const { matched, childMayMatch } = wanted[k]!.step(wantedHere[k]!, nameText);
              isWanted = matched || (childMayMatch && records.isDirectory(i));
            }
            if (!isWanted) return false;
          }
          if (banned.some((other) => equalBytes(other, name))) return false;
          if (marking.some((tag) => !equalBytes(tag.name, name))) return false;
          if (limit !== undefined && !records.isDirectory(i) && records.size(i) > limit) return false;
          return device === undefined || device(records, i, name);
        },
      };
    },
  };
}

/** Those that care about case and those that do not, without lists that are empty. */
function compileLists(
  insensitive: readonly string[],
  sensitive: readonly string[],
  name: 'exclude' | 'include',
): PatternList[] {
  const lists: PatternList[] = [];
  if (insensitive.length > 0) lists.push(compilePatterns(insensitive, `--i${name}`, { insensitive: true }));
  if (sensitive.length > 0) lists.push(compilePatterns(sensitive, `--${name}`));
  return lists;
}

/**
 * The devices of the sources, for `oneFileSystem`.
 * @param targets raw paths; relative ones are taken from `workingDirectory`
 * @throws HoldfastError when one does not exist
 */
export function sourceDevices(targets: readonly Uint8Array[], workingDirectory: Uint8Array): SourceDevice[] {
  return targets.map((target) => {
    const path = absolutePath(target, workingDirectory);
    return { path, device: statPath(path).device(0) };
  });
}

function parseTag(specification: string): Tag {
  const colon = specification.indexOf(':');
  if (specification === '') throw new HoldfastError('usage', 'name for exclusion tagfile is empty');
  if (colon === 0) throw new HoldfastError('usage', 'no name for exclusion tagfile provided');
  const name = colon < 0 ? specification : specification.slice(0, colon);
  return { name: rawPath(name), header: rawPath(colon < 0 ? '' : specification.slice(colon + 1)) };
}

function hasTag(directory: Uint8Array, tag: Tag, warn: (message: string) => void): boolean {
  const path = joinPath(directory, tag.name);
  try {
    statPath(path);
  } catch (error) {
    const code = errnoName(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR')
      warn(`could not access exclusion tagfile: ${messageOf(error)}`);
    return false;
  }
  if (tag.header.length === 0) return true;
  const start = Buffer.alloc(tag.header.length);
  try {
    const fd = openSync(asBuffer(path), 'r');
    try {
      if (readSync(fd, start, 0, start.length, 0) === start.length && equalBytes(start, tag.header))
        return true;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    warn(`could not read signature from exclusion tagfile ${showPath(path)}: ${messageOf(error)}`);
    return false;
  }
  warn(`invalid signature in exclusion tagfile ${showPath(path)}`);
  return false;
}

type DeviceRule = (records: StatRecords, i: number, name: Uint8Array) => boolean;

/** An entry stays when it lies on the device of the nearest source above it; a mount point stays too, as an empty directory. */
function deviceRules(sources: readonly SourceDevice[]): (directory: Uint8Array) => DeviceRule {
  const key = (path: Uint8Array) => Buffer.from(path).toString('latin1');
  const known = new Map(sources.map((source) => [key(source.path), source.device]));
  const nearest = (path: Uint8Array): bigint | undefined => {
    for (let at = path; ; at = directoryName(at)) {
      const device = known.get(key(at));
      if (device !== undefined || at.length <= 1) return device;
    }
  };
  return (directory) => {
    const allowed = nearest(directory);
    let own: bigint | undefined;
    return (records, i, name) => {
      const device = records.device(i);
      if (device === (known.get(key(joinPath(directory, name))) ?? allowed)) return true;
      if (!records.isDirectory(i)) return false;
      own ??= statPath(directory).device(0);
      return own === allowed;
    };
  };
}
