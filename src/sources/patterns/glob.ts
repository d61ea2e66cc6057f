/** Shell patterns for one path component, with the syntax and the strictness of Go's path/filepath.Match. */

/** Tests one component; undefined when the pattern is malformed. */
export type ComponentTest = (name: string) => boolean;

type Token =
  | { readonly kind: 'star' }
  | { readonly kind: 'any' }
  | { readonly kind: 'char'; readonly code: number }
  | {
      readonly kind: 'class';
      readonly negated: boolean;
      readonly ranges: readonly (readonly [number, number])[];
    };

/** True when the text means only itself. */
export function isLiteral(pattern: string): boolean {
  return !/[\\[\]*?]/.test(pattern);
}

/** Compiles `*`, `?`, `[a-z]`, `[^a]` and backslash escapes; undefined when the pattern is malformed. */
export function compileGlob(pattern: string): ComponentTest | undefined {
  if (isLiteral(pattern)) return (name) => name === pattern;
  const tokens = tokenize(pattern);
  return tokens && (simpleTest(tokens) ?? ((name) => run(tokens, name)));
}

/** The usual shapes, `*.o`, `cache*` and `*tmp*`, need no machine. */
function simpleTest(tokens: readonly Token[]): ComponentTest | undefined {
  const stars = tokens.filter((token) => token.kind === 'star').length;
  const chars = tokens.filter((token) => token.kind === 'char');
  if (stars + chars.length !== tokens.length) return undefined;
  const text = chars.map((token) => String.fromCodePoint(token.code)).join('');
  const first = tokens[0]?.kind === 'star';
  const last = tokens[tokens.length - 1]?.kind === 'star';
  if (stars === tokens.length) return () => true;
  if (stars === 0) return (name) => name === text;
  if (stars === 1 && first) return (name) => name.endsWith(text);
  if (stars === 1 && last) return (name) => name.startsWith(text);
  if (stars === 2 && first && last) return (name) => name.includes(text);
  return undefined;
}

/** Remembers only the last star: linear in practice, never exponential. */
function run(tokens: readonly Token[], name: string): boolean {
  let t = 0;
  let n = 0;
  let starToken = -1;
  let starName = 0;
  while (n < name.length) {
    const token = tokens[t];
    const code = name.codePointAt(n)!;
    if (token?.kind === 'star') {
      starToken = t++;
      starName = n;
    } else if (token !== undefined && accepts(token, code)) {
      t++;
      n += code > 0xffff ? 2 : 1;
    } else if (starToken >= 0) {
      t = starToken + 1;
      starName += name.codePointAt(starName)! > 0xffff ? 2 : 1;
      n = starName;
    } else {
      return false;
    }
  }
  while (tokens[t]?.kind === 'star') t++;
  return t === tokens.length;
}

function accepts(token: Token, code: number): boolean {
  if (token.kind === 'char') return token.code === code;
  if (token.kind === 'any') return true;
  return (
    token.kind === 'class' &&
    token.ranges.some(([low, high]) => low <= code && code <= high) !== token.negated
  );
}

function tokenize(pattern: string): Token[] | undefined {
  const codes = Array.from(pattern, (char) => char.codePointAt(0)!);
  const tokens: Token[] = [];
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    if (code === STAR) {
      if (tokens[tokens.length - 1]?.kind !== 'star') tokens.push({ kind: 'star' });
    } else if (code === QUESTION) {
      tokens.push({ kind: 'any' });
    } else if (code === BACKSLASH) {
      if (++i === codes.length) return undefined;
      tokens.push({ kind: 'char', code: codes[i]! });
    } else if (code === OPEN) {
      const parsed = parseClass(codes, i + 1);
      if (!parsed) return undefined;
      tokens.push(parsed.token);
      i = parsed.end;
    } else {
      tokens.push({ kind: 'char', code });
    }
  }
  return tokens;
}

const STAR = 0x2a;
const QUESTION = 0x3f;
const BACKSLASH = 0x5c;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const DASH = 0x2d;
const CARET = 0x5e;

function parseClass(codes: readonly number[], start: number): { token: Token; end: number } | undefined {
  let i = start;
  const negated = codes[i] === CARET;
  if (negated) i++;
  const ranges: [number, number][] = [];
  const take = (): number | undefined => {
    if (i >= codes.length || codes[i] === DASH || codes[i] === CLOSE) return undefined;
    if (codes[i] === BACKSLASH) i++;
    return codes[i++];
  };
  while (codes[i] !== CLOSE || ranges.length === 0) {
    const low = take();
    if (low === undefined) return undefined;
    let high: number | undefined = low;
    if (codes[i] === DASH) {
      i++;
      high = take();
    }
    if (high === undefined) return undefined;
    ranges.push([low, high]);
  }
  return { token: { kind: 'class', negated, ranges }, end: i };
}
