/** The tokens of a schema with the remarks between them, for those who mask it; and its statements, one by one. */
import { HoldfastError } from '../../kernel/errors.ts';
import { type DumpToken, fromDumpBytes, readToken } from './dump-tokens.ts';

export interface SqlToken {
  readonly kind: 'word' | 'name' | 'text' | 'body' | 'comment' | 'sign';
  /** as it stands there, quotes included; of a comment without its line end */
  readonly source: string;
  readonly start: number;
}

const blank = /[ \t\r\n\f\v]+/y;
/** to its line's end; what psql itself is told, `\restrict`, is none of the server's business either */
const remark = /--[^\n]*|(?<=^|\n)\\[a-z][^\n]*/y;

/** `sql` has each byte as a character. Code `corrupt` for a text between dollar signs that does not end. */
export function* readTokens(sql: string): Generator<SqlToken, void, void> {
  for (let start = 0; start < sql.length;) {
    blank.lastIndex = start;
    if (blank.test(sql)) {
      start = blank.lastIndex;
      continue;
    }
    remark.lastIndex = start;
    const token = remark.test(sql)
      ? ({ kind: 'space', start, end: remark.lastIndex } as const)
      : readToken(sql, start, true)!;
    const source = sql.slice(start, token.end);
    yield { kind: kindOf(token, source), source, start };
    start = token.end;
  }
}

function kindOf({ kind }: DumpToken, source: string): SqlToken['kind'] {
  if (kind === 'space') return 'comment';
  if (kind === 'quoted') return 'name';
  if (kind !== 'string') return kind;
  if (!source.startsWith('$')) return 'text';
  const tag = source.slice(0, source.indexOf('$', 1) + 1);
  if (source.length < 2 * tag.length || !source.endsWith(tag))
    throw new HoldfastError('corrupt', 'the schema ends within a text');
  return 'body';
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
  return fromDumpBytes(kind === 'name' ? source.slice(1, -1).replaceAll('""', '"') : source);
}
