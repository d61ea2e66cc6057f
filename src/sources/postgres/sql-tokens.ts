/** Cuts the SQL that pg_dump writes into tokens and statements, so that names and texts are never taken for each other. */
import { HoldfastError } from '../../kernel/errors.ts';

export interface SqlToken {
  readonly kind: 'word' | 'name' | 'text' | 'body' | 'comment' | 'sign';
  /** as it stands there, quotes included; of a comment without its line end */
  readonly source: string;
  readonly start: number;
}

const token =
  /(?<space>\s+)|(?<comment>--[^\n]*|(?<=^|\n)\\[a-z][^\n]*)|(?<name>"[^"]*(?:""[^"]*)*")|(?<text>[eE]'[^'\\]*(?:(?:\\[^]|'')[^'\\]*)*'|'[^']*(?:''[^']*)*')|(?<word>[A-Za-z_\x80-\xff][\w$\x80-\xff]*|\d[\w.]*)|(?<tag>\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$)|(?<sign>[^])/y;

/** `sql` has each byte as a character. What psql itself is told, `\restrict`, counts as a comment. Code `corrupt` for a text between dollar signs that does not end. */
export function* readTokens(sql: string): Generator<SqlToken, void, void> {
  for (let start = 0; start < sql.length;) {
    token.lastIndex = start;
    const { groups, 0: source } = token.exec(sql)!;
    const { comment, name, text, word, tag } = groups!;
    if (tag !== undefined) {
      const end = sql.indexOf(tag, start + tag.length) + tag.length;
      if (end < tag.length) throw new HoldfastError('corrupt', 'the schema ends within a text');
      yield { kind: 'body', source: sql.slice(start, end), start };
      start = end;
      continue;
    }
    const kind = comment ? 'comment' : name ? 'name' : text ? 'text' : word ? 'word' : 'sign';
    if (groups!['space'] === undefined) yield { kind, source, start };
    start += source.length;
  }
}

/** The tokens of one statement after the other, without comments and the semicolons at their ends. */
export function* readStatements(sql: string): Generator<SqlToken[], void, void> {
  let statement: SqlToken[] = [];
  for (const found of readTokens(sql)) {
    if (found.kind === 'comment') continue;
    if (found.source !== ';') {
      statement.push(found);
      continue;
    }
    yield statement;
    statement = [];
  }
  if (statement.length > 0) yield statement;
}

/** The name that a word or a quoted name stands for, as UTF-8. */
export function nameOf({ kind, source }: SqlToken): string {
  const bare = kind === 'name' ? source.slice(1, -1).replaceAll('""', '"') : source;
  return Buffer.from(bare, 'latin1').toString();
}
