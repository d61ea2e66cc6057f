/**
 * Reads the SQL of a dump word by word, as psql does, also where it is cut off. Texts are bytes, each a character
 * (latin1): no encoding that a server may have uses ASCII's bytes for anything else.
 */
export interface DumpToken {
  readonly kind: 'space' | 'word' | 'quoted' | 'string' | 'sign';
  readonly start: number;
  readonly end: number;
}

const space = /(?:[ \t\r\n\f\v]+|--[^\n]*(?:\n|$))+/y;
const word = /[A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*/y;
const number = /\d[\w.]*/y;
const dollar = /\$(?:[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)?\$/y;
const cutDollar = /\$[\w\x80-\xff]*$/y;

/** The token that begins at `at`; undefined when it may go on behind the end of a text that is not all there. */
export function readToken(text: string, at: number, final: boolean): DumpToken | undefined {
  const { kind, end } = tokenAt(text, at);
  if (end >= text.length && !final && text[at] !== ';') return undefined;
  return { kind, start: at, end: Math.min(end, text.length) };
}

/** All tokens of a whole text but spaces and comments. */
export function readTokens(text: string): DumpToken[] {
  const tokens: DumpToken[] = [];
  for (let at = 0; at < text.length;) {
    const token = readToken(text, at, true)!;
    if (token.kind !== 'space') tokens.push(token);
    at = token.end;
  }
  return tokens;
}

function tokenAt(text: string, at: number): Pick<DumpToken, 'kind' | 'end'> {
  const first = text[at];
  const ends = (pattern: RegExp): number => {
    pattern.lastIndex = at;
    return pattern.test(text) ? pattern.lastIndex : -1;
  };
  if (first === "'") return { kind: 'string', end: endOfQuoted(text, at + 1, "'") };
  if (first === '"') return { kind: 'quoted', end: endOfQuoted(text, at + 1, '"') };
  if (first === '/' && text[at + 1] === '*') return { kind: 'space', end: endOfComment(text, at) };
  const blank = ends(space);
  if (blank >= 0) return { kind: 'space', end: blank };
  const letters = ends(word);
  if (letters === at + 1 && /e/i.test(first!) && text[letters] === "'") {
    return { kind: 'string', end: endOfEscaped(text, letters + 1) };
  }
  if (letters >= 0) return { kind: 'word', end: letters };
  const tag = ends(dollar);
  if (tag >= 0) {
    const close = text.indexOf(text.slice(at, tag), tag);
    return { kind: 'string', end: close < 0 ? text.length + 1 : close + tag - at };
  }
  if (ends(cutDollar) >= 0) return { kind: 'sign', end: text.length };
  const digits = ends(number);
  return digits >= 0 ? { kind: 'word', end: digits } : { kind: 'sign', end: at + 1 };
}

/** Behind the quote that ends it; a doubled one does not. Beyond the text when it does not end. */
function endOfQuoted(text: string, from: number, quote: string): number {
  for (let at = from; ;) {
    const close = text.indexOf(quote, at);
    if (close < 0) return text.length + 1;
    if (text[close + 1] !== quote) return close + 1;
    at = close + 2;
  }
}

function endOfEscaped(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] !== "'") continue;
    else if (text[at + 1] === "'") at++;
    else return at + 1;
  }
  return text.length + 1;
}

function endOfComment(text: string, from: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  for (let depth = 0; ;) {
    const found = mark.exec(text);
    if (!found) return text.length + 1;
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
}

/** The name that a token stands for, in the bytes of the dump; undefined when it stands for none. */
export function nameAt(text: string, token: DumpToken | undefined): string | undefined {
  if (token?.kind === 'word') return text.slice(token.start, token.end);
  if (token?.kind !== 'quoted') return undefined;
  return text.slice(token.start + 1, token.end - 1).replaceAll('""', '"');
}

/** A name as SQL may have it, whatever it is. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as a constant, where backslashes have no meaning: every server's own setting since version 9.1. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A dump is in the database's own encoding. What is no UTF-8 is taken for Latin-1, so that no two names become one. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('latin1');
  }
}

/** The name that the bytes of a dump mean, each a character. */
export const fromDumpBytes = (name: string): string => decodeName(Buffer.from(name, 'latin1'));

/** A name as the bytes that a dump has for it, as far as `fromDumpBytes` makes that name of them. */
export function toDumpBytes(name: string, encoding = 'UTF8'): string {
  // what has no encoding is UTF-8 more often than not
  const isUtf8 = encoding === 'UTF8' || encoding === 'SQL_ASCII';
  if (!isUtf8 && !/[^\0-\xff]/.test(name) && fromDumpBytes(name) === name) return name;
  return Buffer.from(name).toString('latin1');
}
