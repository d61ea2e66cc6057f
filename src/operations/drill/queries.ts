/** The user's own queries of a drill: a file of SQL in which blank lines part queries and comments say what is expected. */
import { HoldfastError, messageOf } from '../../kernel/errors.ts';

export interface DrillQuery {
  /** its first comment, or its first line */
  readonly name: string;
  readonly sql: string;
  /** rows, columns parted by tabs; undefined when it is enough that it succeeds */
  readonly expected: readonly string[] | undefined;
}

export interface QueryResult extends DrillQuery {
  readonly passed: boolean;
  /** what came, or what the database said */
  readonly got: string;
}

/** What is kept of an answer, characters. */
const keptAnswer = 2000;

/**
 * Each block of lines is a query. `-- expect: VALUE` is a row of its answer, `-- expect nothing` says that there is
 * none; any other comment before it is its name. Code `usage`.
 */
export function parseQueries(text: string, file: string): DrillQuery[] {
  const queries: DrillQuery[] = [];
  for (const block of text.replaceAll('\r\n', '\n').split(/\n(?:[ \t]*\n)+/)) {
    const lines = block.split('\n').filter((line) => line.trim() !== '');
    if (lines.length === 0) continue;
    const expected: string[] = [];
    let nothing = false;
    let name: string | undefined;
    const sql = lines.filter((line) => {
      const [, kind, value = ''] = /^--\s*expect(:|\s+nothing)\s?(.*)$/i.exec(line) ?? [];
      if (kind === ':') expected.push(value.trimEnd());
      else if (kind !== undefined) nothing = true;
      else if (line.startsWith('--')) name ??= line.replace(/^-+\s*/, '').trim();
      return !line.startsWith('--');
    });
    if (nothing && expected.length > 0) {
      throw new HoldfastError('usage', `${file}: a query cannot expect something and nothing: ${lines[0]}`);
    }
    if (sql.length === 0) {
      if (expected.length === 0 && !nothing) continue;
      throw new HoldfastError('usage', `${file}: nothing gives what is expected by ${lines[0]}`, {
        hint: 'put the query right below, without a blank line',
      });
    }
    const asked = nothing || expected.length > 0;
    queries.push({
      name: name || sql[0]!.trim(),
      sql: sql.join('\n'),
      expected: asked ? expected : undefined,
    });
  }
  if (queries.length === 0) throw new HoldfastError('usage', `${file} has no queries`);
  return queries;
}

/** Runs one after the other; only an interruption is thrown. */
export async function runQueries(
  queries: readonly DrillQuery[],
  run: (sql: string) => Promise<string>,
  isOver: () => Promise<boolean>,
): Promise<QueryResult[]> {
  const results: QueryResult[] = [];
  for (const query of queries) {
    try {
      const answer = await run(query.sql);
      const rows = answer === '' ? [] : answer.replace(/\n$/, '').split('\n');
      const got = rows.map((row) => row.trimEnd());
      const passed = query.expected === undefined || isSame(got, query.expected);
      results.push({ ...query, passed, got: got.join('\n').slice(0, keptAnswer) });
    } catch (error) {
      if (await isOver()) throw error;
      results.push({ ...query, passed: false, got: messageOf(error) });
    }
  }
  return results;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((row, i) => row === b[i]);
}
