/** Paths inside JSON documents, a small part of JSONPath (RFC 9535): `$.a.b`, `$.list[*].x`, `$['odd key']`, `$..email`. */

export type JsonStep =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'any' }
  /** any number of levels, none as well */
  | { readonly kind: 'deep' };

export interface JsonPath {
  readonly text: string;
  readonly steps: readonly JsonStep[];
}

const stepPattern =
  /\.\.(?=[^.])|\.?([\p{L}\p{N}_$-]+|\*)|\[(\d+)\]|\[\*\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/uy;

/** Undefined when the text is malformed. */
export function parseJsonPath(text: string): JsonPath | undefined {
  if (!text.startsWith('$')) return undefined;
  const steps: JsonStep[] = [];
  let at = 1;
  while (at < text.length) {
    stepPattern.lastIndex = at;
    const match = stepPattern.exec(text);
    if (!match) return undefined;
    const [whole, bare, index, single, double] = match;
    const bareName = bare !== undefined && !whole.startsWith('.');
    // a name without a dot stands only behind two dots
    if (bareName && steps.at(-1)?.kind !== 'deep') return undefined;
    if (steps.at(-1)?.kind === 'deep' && whole.startsWith('.')) return undefined;
    if (whole === '..') steps.push({ kind: 'deep' });
    else if (bare === '*' || whole === '[*]') steps.push({ kind: 'any' });
    else if (index !== undefined) steps.push({ kind: 'index', index: Number(index) });
    else steps.push({ kind: 'name', name: bare ?? (single ?? double)!.replaceAll(/\\(.)/gs, '$1') });
    at = stepPattern.lastIndex;
  }
  return steps.at(-1)?.kind === 'deep' ? undefined : { text, steps };
}

/** The step to a key of an object, as `parseJsonPath` reads it. */
export function stepTo(key: string): string {
  return /^[\p{L}_][\p{L}\p{N}_]*$/u.test(key) ? `.${key}` : `['${key.replaceAll(/['\\]/g, '\\$&')}']`;
}

/** The path to a place; what is in lists is taken together. */
export function pathTo(trail: readonly (string | number)[]): string {
  return `$${trail.map((place) => (typeof place === 'number' ? '[*]' : stepTo(place))).join('')}`;
}

/**
 * Where the first path stands that fits a place, or what the place is in: `above` is what counts for that, the number of
 * paths when nothing does.
 */
export function firstFitting(
  paths: readonly { readonly path: JsonPath }[],
  trail: readonly (string | number)[],
  above: number,
): number {
  for (let at = 0; at < above; at++) if (fitsTrail(paths[at]!.path, trail)) return at;
  return above;
}

/** The places of a document that no path leads to, each once, but for those of nulls. */
export function unclassifiedPaths(
  document: unknown,
  paths: readonly { readonly path: JsonPath }[],
): ReadonlySet<string> {
  const found = new Set<string>();
  const trail: (string | number)[] = [];
  const walk = (value: unknown, above: number): void => {
    const at = firstFitting(paths, trail, above);
    if (typeof value === 'object' && value !== null) {
      for (const [key, each] of Object.entries(value)) {
        trail.push(Array.isArray(value) ? Number(key) : key);
        walk(each, at);
        trail.pop();
      }
    } else if (value !== null && at === paths.length) found.add(pathTo(trail));
  };
  walk(document, paths.length);
  return found;
}

/** True when the path leads to the place that `trail` names: keys as text, places in lists as numbers. */
export function fitsTrail(path: JsonPath, trail: readonly (string | number)[]): boolean {
  return fits(path.steps, 0, trail, 0);
}

function fits(
  steps: readonly JsonStep[],
  s: number,
  trail: readonly (string | number)[],
  t: number,
): boolean {
  const step = steps[s];
  if (step === undefined) return t === trail.length;
  if (step.kind === 'deep') {
    for (let skip = t; skip < trail.length; skip++) if (fits(steps, s + 1, trail, skip)) return true;
    return false;
  }
  const place = trail[t];
  if (place === undefined) return false;
  if (step.kind === 'name' && place !== step.name) return false;
  if (step.kind === 'index' && place !== step.index) return false;
  return fits(steps, s + 1, trail, t + 1);
}
