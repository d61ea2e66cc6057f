/** Masks what is no rows in a dump of MySQL or MariaDB: e-mail addresses in its texts, and comments on things. */
import { HoldfastError } from '../../kernel/errors.ts';
import { maskWithin } from '../masking/email-anywhere.ts';
import type { ValueMasker } from '../masking/value-masker.ts';
import { readTokens } from './dump-tokens.ts';

/**
 * The same text with other addresses in its texts and remarks. Names stay. `sql` has each byte as a character. Code
 * `unsupported` for histograms, which hold values.
 */
export function maskSchemaText(sql: string, emails: ValueMasker | undefined): string {
  let masked = '';
  let copied = 0;
  let before = '';
  for (const { kind, source, start } of readTokens(sql)) {
    if (kind === 'word' && source === 'HISTOGRAM' && before === 'UPDATE') {
      throw new HoldfastError(
        'unsupported',
        'the dump has statistics of columns where masking does not reach',
      );
    }
    before = kind === 'word' ? source : '';
    if (!emails || (kind !== 'text' && kind !== 'remark') || !source.includes('@')) continue;
    masked += sql.slice(copied, start) + maskWithin(source, emails);
    copied = start + source.length;
  }
  return masked + sql.slice(copied);
}

/** The structure of tables without the comments on them and their columns, and how many there were. */
export function withoutComments(sql: string): { readonly text: string; readonly count: number } {
  let text = '';
  let copied = 0;
  let count = 0;
  let comment: number | undefined;
  for (const { kind, source, start } of readTokens(sql)) {
    if (kind === 'word' && source === 'COMMENT') comment = start;
    else if (comment !== undefined && kind === 'text') {
      text += sql.slice(copied, sql[comment - 1] === ' ' ? comment - 1 : comment);
      copied = start + source.length;
      count++;
      comment = undefined;
    } else if (source !== '=') comment = undefined;
  }
  return { text: text + sql.slice(copied), count };
}
