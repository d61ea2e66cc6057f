/** Looks in a sample for places in documents where strict rules have no path to: a masking would fail at the first. */
import { findRule, tableLabel } from './column-maskers.ts';
import { parseColumnType } from './column-type.ts';
import { readArray } from './composite-values.ts';
import { unclassifiedPaths } from './json-path.ts';
import type { MaskingRules } from './rule.ts';
import { sampleRows } from './suggest-rules.ts';
import type { DatabaseSample } from './table-sample.ts';

/** Paths by column; none when the rules are not strict. */
export async function openPaths(rules: MaskingRules, sample: DatabaseSample): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  if (!rules.strict) return found;
  for await (const { table, rows } of sample.tables(sampleRows)) {
    for (const [i, column] of table.columns.entries()) {
      const rule = findRule(rules, table, column)?.rule;
      if (rule?.kind !== 'json') continue;
      const isArray = parseColumnType(column.type).family === 'array';
      const documents = rows.flatMap((row) => (isArray ? readArray(row[i] ?? '{}') : (row[i] ?? [])));
      const paths = new Set(documents.flatMap((text) => [...unclassifiedPaths(read(text), rule.paths)]));
      if (paths.size > 0) found.set(`${tableLabel(table)}.${column.name}`, [...paths]);
    }
  }
  return found;
}

/** Null for what is none, or was cut off for the sample. */
function read(document: string): unknown {
  try {
    return JSON.parse(document);
  } catch {
    return null;
  }
}
