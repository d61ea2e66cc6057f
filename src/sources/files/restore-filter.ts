/** Which entries of a snapshot a restore takes: --include or --exclude patterns, asked while going down the tree. */
import { HoldfastError } from '../../kernel/errors.ts';
import { type MatchState, type PatternList, compilePatterns, matchPath } from '../patterns/pattern-list.ts';
import { pathToText } from '../../kernel/path-text.ts';

export interface RestoreFilterOptions {
  readonly excludes: readonly string[];
  readonly insensitiveExcludes: readonly string[];
  readonly includes: readonly string[];
  readonly insensitiveIncludes: readonly string[];
}

/** Where the filter stands at one directory of the snapshot; opaque. */
export interface FilterState {
  readonly states: readonly MatchState[];
  /** this entry is to be restored */
  readonly selected: boolean;
  /** something below it may be */
  readonly childMayBeSelected: boolean;
}

export interface RestoreFilter {
  /** true when every entry is taken */
  readonly everything: boolean;
  /** the root of what is restored */
  readonly root: FilterState;
  /** an entry of the directory that `from` stands for */
  enter(from: FilterState, name: Uint8Array): FilterState;
}

/**
 * @throws HoldfastError `usage` for malformed patterns, and for includes together with excludes
 */
export function createRestoreFilter(options: RestoreFilterOptions): RestoreFilter {
  const excluding = options.excludes.length + options.insensitiveExcludes.length > 0;
  const including = options.includes.length + options.insensitiveIncludes.length > 0;
  if (excluding && including) {
    throw new HoldfastError('usage', 'exclude and include patterns are mutually exclusive');
  }
  const lists = excluding
    ? compileBoth(options.insensitiveExcludes, options.excludes, 'exclude')
    : compileBoth(options.insensitiveIncludes, options.includes, 'include');
  const judge = (states: readonly MatchState[]): FilterState => {
    const matched = states.some((state) => state.matched);
    if (!including) return { states, selected: !matched, childMayBeSelected: !matched };
    return { states, selected: matched, childMayBeSelected: states.some((state) => state.childMayMatch) };
  };
  const root = judge(lists.map((list) => list.start(true)));
  const everything = !excluding && !including;
  return {
    everything,
    root,
    enter(from, name) {
      if (everything) return root;
      const text = pathToText(name);
      return judge(lists.map((list, k) => list.step(from.states[k]!, text)));
    },
  };
}

/**
 * Which extended attributes are restored: by patterns on their names, all when there are none.
 * @throws HoldfastError `usage` for malformed patterns, and for includes together with excludes
 */
export function createAttributeFilter(
  includes: readonly string[],
  excludes: readonly string[],
): ((name: string) => boolean) | undefined {
  if (includes.length > 0 && excludes.length > 0) {
    throw new HoldfastError('usage', 'exclude and include xattr patterns are mutually exclusive');
  }
  if (includes.length > 0) {
    const list = compilePatterns(includes, '--include-xattr');
    return (name) => matchPath(list, name).matched;
  }
  if (excludes.length === 0) return undefined;
  const list = compilePatterns(excludes, '--exclude-xattr');
  return (name) => !matchPath(list, name).matched;
}

function compileBoth(insensitive: readonly string[], plain: readonly string[], flag: string): PatternList[] {
  const lists: PatternList[] = [];
  if (insensitive.length > 0) lists.push(compilePatterns(insensitive, `--i${flag}`, { insensitive: true }));
  if (plain.length > 0) lists.push(compilePatterns(plain, `--${flag}`));
  return lists;
}
