/** What a restore of tables or schemas would remove: what stands where they go. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { DatabaseLoss } from '../database/restore-plan.ts';
import { objectKey } from './dump-names.ts';
import { fromDumpBytes, quoteName } from './dump-tokens.ts';
import type { Piece } from './part-piece.ts';
import type { PreparedTarget } from './prepare-target.ts';
import { askContents, lossOf } from './target-facts.ts';

export interface Losses {
  readonly loss: DatabaseLoss | undefined;
  readonly steps: readonly string[];
  readonly sql: string;
  /** schemas, and keys of tables */
  readonly dropped: ReadonlySet<string>;
}

/** What stands where the pieces go. Code `exists` unless it may be removed. */
export async function lossesOf(
  pieces: readonly Piece[],
  { options, psql, child }: PreparedTarget,
  schemas: ReadonlySet<string>,
): Promise<Losses> {
  const found: DatabaseLoss[] = [];
  const dropped = new Set<string>();
  let sql = '';
  for (const { schema, table } of pieces) {
    if (!schemas.has(schema)) continue;
    const names = [schema, ...(table === undefined ? [] : [table])];
    const what = `the ${table === undefined ? 'schema' : 'table'} ${names.map(fromDumpBytes).join('.')}`;
    const contents = await askContents(
      psql.path,
      child,
      fromDumpBytes(schema),
      table && fromDumpBytes(table),
    );
    const loss = lossOf(what, contents);
    if (!loss) continue;
    if (!options.choices.clean) {
      throw new HoldfastError('exists', `${what} is there already`, {
        hint: 'restore it under another name, as NAME=OTHER; or --clean removes first what is there',
      });
    }
    found.push(loss);
    dropped.add(table === undefined ? schema : objectKey(schema, table));
    // what depends on a table alone is none of the restore's business: psql will name it
    sql += `DROP ${table === undefined ? 'SCHEMA' : 'TABLE'} ${names.map(quoteName).join('.')}${table === undefined ? ' CASCADE' : ''};\n`;
  }
  return {
    loss:
      found.length === 0
        ? undefined
        : {
            what: found.map(({ what }) => what).join(', '),
            tables: found.flatMap(({ tables }) => tables),
            others: found.reduce((sum, { others }) => sum + others, 0),
          },
    steps: found.map(({ what }) => `drop ${what}`),
    sql,
    dropped,
  };
}
