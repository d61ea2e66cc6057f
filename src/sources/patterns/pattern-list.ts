/**
 * A list of patterns as one machine that goes down a tree name by name. What is known about a directory is kept, so an
 * entry costs one look-up for all plain names together, plus the few patterns that are under way or have wildcards.
 */
import { HoldfastError } from '../../kernel/errors.ts';
import { type Part, type Pattern, lowerCase, parsePattern } from './pattern.ts';

/** Where the patterns stand after the components of one path. */
export interface MatchState {
  /** the path matches the list, negations considered */
  readonly matched: boolean;
  /** something below the path may match still */
  readonly childMayMatch: boolean;
  /** whether each pattern matched, the path or a directory above it; undefined when none did */
  readonly hits: Uint8Array | undefined;
  /** places inside patterns that the next component may go on from: pattern * 256 + part */
  readonly active: readonly number[];
  /** components so far, kept only for the rare patterns that need them all */
  readonly path: readonly string[];
}

export interface PatternList {
  /** the start of absolute paths, or of relative ones */
  start(absolute: boolean): MatchState;
  /** one component further down */
  step(from: MatchState, name: string): MatchState;
}

const PLACES = 256;

/**
 * Compiles patterns; empty ones are ignored.
 * @param option the flag they came by, for the message
 * @throws HoldfastError `usage` that names the malformed patterns
 */
export function compilePatterns(
  texts: readonly string[],
  option: string,
  options: { readonly insensitive?: boolean } = {},
): PatternList {
  const invalid: string[] = [];
  const patterns: Pattern[] = [];
  for (const text of texts) {
    if (text === '') continue;
    const pattern = parsePattern(options.insensitive === true ? lowerCase(text) : text);
    if (pattern && pattern.parts.length < PLACES) patterns.push(pattern);
    else invalid.push(text);
  }
  if (invalid.length > 0) {
    throw new HoldfastError('usage', `${option}: invalid pattern(s) provided:\n${invalid.join('\n')}`);
  }
  return buildMachine(patterns, options.insensitive === true);
}

/** Matches a whole path at once. */
export function matchPath(list: PatternList, path: string): MatchState {
  let state = list.start(path.startsWith('/'));
  for (const name of path.split('/')) if (name !== '') state = list.step(state, name);
  return state;
}

function buildMachine(patterns: readonly Pattern[], insensitive: boolean): PatternList {
  const anyNegated = patterns.some((pattern) => pattern.negated);
  const anyRelative = patterns.some((pattern) => !pattern.rooted && !pattern.negated);
  const several = patterns.map((pattern) => countAnyDepth(pattern) > 1);
  const keepPath = several.some(Boolean);
  /** patterns that may begin anywhere: by plain first name, and the others */
  const byName = new Map<string, number[]>();
  const tested: number[] = [];
  patterns.forEach((pattern, p) => {
    if (pattern.rooted || several[p]) return;
    for (const place of startPlaces(pattern, p)) {
      const part = pattern.parts[place % PLACES]!;
      if (part.kind !== 'name') tested.push(place);
      else if (byName.has(part.name)) byName.get(part.name)!.push(place);
      else byName.set(part.name, [place]);
    }
  });
  const testedParts = tested.map((place) => patterns[Math.floor(place / PLACES)]!.parts[place % PLACES]!);
  const none: MatchState = {
    matched: false,
    childMayMatch: anyRelative,
    hits: undefined,
    active: [],
    path: [],
  };
  const rootPlaces = patterns.flatMap((pattern, p) =>
    pattern.rooted && !several[p] ? startPlaces(pattern, p) : [],
  );

  const conclude = (
    hits: Uint8Array | undefined,
    active: readonly number[],
    path: readonly string[],
    absolute: boolean,
  ) => {
    if (hits === undefined && active.length === 0 && !keepPath && !anyNegated) return none;
    let matched = false;
    let childMayMatch = false;
    const alive = new Set(active.map((place) => Math.floor(place / PLACES)));
    patterns.forEach((pattern, p) => {
      const hit = hits?.[p] === 1;
      if (pattern.negated) {
        matched &&= !hit;
        childMayMatch &&= !hit;
      } else {
        matched ||= hit;
        childMayMatch ||=
          !pattern.rooted || hit || (several[p]! ? absolute && prefixAgrees(pattern, path) : alive.has(p));
      }
    });
    return { matched, childMayMatch, hits, active, path };
  };

  return {
    start(absolute) {
      return conclude(undefined, absolute ? rootPlaces : [], absolute ? ['/'] : [], absolute);
    },
    step(from, given) {
      const name = insensitive ? lowerCase(given) : given;
      // everything below a match matches too, and without negations nothing can take that back
      if (from.matched && !anyNegated) return from;
      const named = byName.get(name);
      if (
        named === undefined &&
        from.active.length === 0 &&
        from.hits === undefined &&
        !keepPath &&
        !acceptedByAny(testedParts, name)
      ) {
        return from;
      }
      let hits = from.hits;
      const active: number[] = [];
      const hit = (p: number) => {
        if (hits?.[p] === 1) return;
        hits = hits ? hits.slice() : new Uint8Array(patterns.length);
        hits[p] = 1;
      };
      const advance = (place: number) => {
        const p = Math.floor(place / PLACES);
        if (hits?.[p] === 1) return;
        const { parts } = patterns[p]!;
        const index = place % PLACES;
        if (!partAccepts(parts[index]!, name)) return;
        const next = parts[index]!.kind === 'any-depth' ? index : index + 1;
        for (const reached of closure(patterns[p]!, p, next)) {
          if (reached % PLACES === parts.length) hit(p);
          else if (!active.includes(reached)) active.push(reached);
        }
      };
      for (const place of from.active) advance(place);
      for (const place of tested) advance(place);
      if (named) for (const place of named) advance(place);
      const path = keepPath ? [...from.path, name] : from.path;
      const absolute = path[0] === '/';
      patterns.forEach((pattern, p) => {
        if (several[p] && hits?.[p] !== 1 && matchWhole(pattern, path)) hit(p);
      });
      const left =
        hits === undefined ? active : active.filter((place) => hits![Math.floor(place / PLACES)] !== 1);
      return conclude(hits, left, path, absolute);
    },
  };
}

function partAccepts(part: Part, name: string): boolean {
  if (part.kind === 'name') return part.name === name;
  return part.kind === 'any-depth' || part.test(name);
}

function acceptedByAny(parts: readonly Part[], name: string): boolean {
  for (let i = 0; i < parts.length; i++) if (partAccepts(parts[i]!, name)) return true;
  return false;
}

/** The places reached without a further component: `**` may stand for nothing. */
function closure(pattern: Pattern, p: number, index: number): number[] {
  const places = [p * PLACES + index];
  while (pattern.parts[index]?.kind === 'any-depth') places.push(p * PLACES + ++index);
  return places;
}

function startPlaces(pattern: Pattern, p: number): number[] {
  return closure(pattern, p, 0).filter((place) => place % PLACES < pattern.parts.length);
}

function countAnyDepth(pattern: Pattern): number {
  return pattern.parts.filter((part) => part.kind === 'any-depth').length;
}

const anyName: Part = { kind: 'test', test: () => true };
const root: Part = { kind: 'name', name: '/' };

/** Patterns with more than one `**` go the way restic goes, because it demands a minimal depth that grows with each `**`. */
function matchWhole(pattern: Pattern, path: readonly string[]): boolean {
  return matchParts(pattern.rooted ? [root, ...pattern.parts] : pattern.parts, pattern.rooted, path);
}

function matchParts(parts: readonly Part[], rooted: boolean, path: readonly string[]): boolean {
  const wild = parts.findIndex((part) => part.kind === 'any-depth');
  if (wild >= 0) {
    for (let depth = 0; depth <= path.length - parts.length + 1; depth++) {
      const names = Array.from({ length: depth }, () => anyName);
      if (matchParts([...parts.slice(0, wild), ...names, ...parts.slice(wild + 1)], rooted, path))
        return true;
    }
    return false;
  }
  if (parts.length === 0) return path.length === 0;
  const last = rooted ? 0 : path.length - parts.length;
  for (
    let offset = !rooted && path[0] === '/' ? 1 : 0;
    offset <= last && parts.length <= path.length;
    offset++
  ) {
    if (parts.every((part, i) => partAccepts(part, path[offset + i]!))) return true;
  }
  return false;
}

/** Whether the path agrees with the pattern up to its first `**`. */
function prefixAgrees(pattern: Pattern, path: readonly string[]): boolean {
  const wild = pattern.parts.findIndex((part) => part.kind === 'any-depth');
  const prefix = pattern.parts.slice(0, wild < 0 ? undefined : wild);
  return path.slice(1).every((name, i) => i >= prefix.length || partAccepts(prefix[i]!, name));
}
