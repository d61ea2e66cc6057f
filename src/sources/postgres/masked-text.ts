/** Masks what is no rows in a dump of PostgreSQL: the schema, comments, large objects. What it cannot mask it refuses. */
import { HoldfastError } from '../../kernel/errors.ts';
import { maskWithin } from '../masking/email-anywhere.ts';
import type { MaskingRules } from '../masking/rule.ts';
import { refuseLargeObjects } from '../masking/rule-conflicts.ts';
import type { ValueMasker } from '../masking/value-masker.ts';
import { readTokens, type SqlToken } from './sql-tokens.ts';

/**
 * The same text without comments on things, unless the rules keep them, and with other e-mail addresses in its texts,
 * the bodies of its functions and the remarks of pg_dump. Names stay. `sql` has each byte as a character. Code
 * `unsupported` for rows and statistics of columns, which should not be there.
 */
export function maskSchemaText(sql: string, rules: MaskingRules, emails: ValueMasker | undefined): string {
  let masked = '';
  let copied = 0;
  /** words of the statement so far, at most three */
  let words: string[] = [];
  /** how things stood before the statement and the remarks above it */
  let before: { masked: string; copied: number; start: number } | undefined;
  for (const token of readTokens(sql)) {
    const { kind, source, start } = token;
    before ??= { masked, copied, start };
    if (kind !== 'comment') {
      if (words.length < 3) words.push(kind === 'word' ? source : '');
      if (words.length === 1 && source === 'COPY') throw unexpected('rows');
      if (kind === 'word' && source === 'pg_restore_attribute_stats')
        throw unexpected('statistics of columns');
    }
    const dropped = !rules.keepComments && isComment(words);
    if (source === ';') {
      if (dropped) {
        masked = before.masked + sql.slice(before.copied, before.start);
        copied = start + 1;
      }
      words = [];
      before = undefined;
    } else if (emails && !dropped && mayHoldAddress(token)) {
      masked += sql.slice(copied, start) + maskWithin(source, emails);
      copied = start + source.length;
    }
  }
  return masked + sql.slice(copied);
}

/** Those on extensions come with the extensions. */
function isComment([comment, on, what]: readonly string[]): boolean {
  return comment === 'COMMENT' && on === 'ON' && what !== 'EXTENSION';
}

/** How many comments `maskSchemaText` leaves out. */
export function countComments(sql: string): number {
  let count = 0;
  let words: string[] = [];
  for (const { kind, source } of readTokens(sql)) {
    if (kind === 'comment') continue;
    if (words.length < 3) words.push(kind === 'word' ? source : '');
    if (source !== ';') continue;
    if (isComment(words)) count++;
    words = [];
  }
  return count;
}

/** Large objects without what is in them, or as they are; code `usage` when the rules do not say which. */
export async function* maskLargeObjects(
  lines: AsyncIterable<Buffer>,
  rules: MaskingRules,
  emails: ValueMasker | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  refuseLargeObjects(rules);
  let held: Buffer[] = [];
  let size = 0;
  const flush = (): Uint8Array => {
    const sql = Buffer.concat(held).toString('latin1');
    held = [];
    size = 0;
    return Buffer.from(maskSchemaText(sql, rules, emails), 'latin1');
  };
  for await (const line of lines) {
    const content = line.subarray(0, contentMark.length).equals(contentMark);
    if (content && rules.largeObjects === 'empty') continue;
    if (content) {
      yield flush();
      yield line;
      continue;
    }
    held.push(line);
    size += line.length;
    if (size > textPiece && line.equals(commit)) yield flush();
  }
  yield flush();
}

const contentMark = Buffer.from('SELECT pg_catalog.lowrite(');
const commit = Buffer.from('COMMIT;\n');
const textPiece = 256 * 1024;

function mayHoldAddress({ kind, source }: SqlToken): boolean {
  return (kind === 'text' || kind === 'body' || kind === 'comment') && source.includes('@');
}

function unexpected(what: string): HoldfastError {
  return new HoldfastError('unsupported', `the dump has ${what} where masking does not reach`);
}
