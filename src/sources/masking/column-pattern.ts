/** Patterns of columns in a rules file: `public.users.email`, `users.email`, `*.email`, `crm.*.phone*`, `email`. */
import { compileGlob } from '../patterns/glob.ts';

export interface ColumnPattern {
  readonly text: string;
  /** it means one column of one table, and fits no other by chance */
  readonly isExact: boolean;
  /** `schema` is undefined where the database has none: a pattern with a schema does not fit then, unless it is `*` */
  matches(schema: string | undefined, table: string, column: string): boolean;
}

type SegmentTest = (name: string) => boolean;

/**
 * Up to three names with dots between them: schema, table, column; what is missing on the left fits everything.
 * `*`, `?` and `[a-z]` fit within a name. Letters of either case fit, as in SQL; a name in double quotes means only
 * itself. Undefined when the text is malformed.
 */
export function parseColumnPattern(text: string): ColumnPattern | undefined {
  const segments = splitSegments(text);
  if (segments === undefined || segments.length > 3) return undefined;
  const tests = segments.map((segment) => segmentTest(segment));
  if (tests.includes(undefined)) return undefined;
  const [column, table, schema] = (tests as SegmentTest[]).reverse();
  return {
    text,
    isExact: segments.length > 1 && segments.every((name) => name.startsWith('"') || !/[*?[]/.test(name)),
    matches: (schemaName, tableName, columnName) =>
      column!(columnName) &&
      (table?.(tableName) ?? true) &&
      (schema === undefined || schema(schemaName ?? '')),
  };
}

/** A name as a pattern that fits it and nothing else, but for the case of its letters. */
export function quoteName(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** Cuts at dots outside of quotes; the quotes stay. Undefined when a name is empty or a quote is not closed. */
function splitSegments(text: string): string[] | undefined {
  const segments = text.match(/(?:"(?:[^"]|"")+"|[^".]+)(?:\.|$)/g) ?? [];
  if (text === '' || segments.join('') !== text || text.endsWith('.')) return undefined;
  return segments.map((segment) => (segment.endsWith('.') ? segment.slice(0, -1) : segment));
}

function segmentTest(segment: string): SegmentTest | undefined {
  if (segment.startsWith('"')) {
    const name = segment.slice(1, -1).replaceAll('""', '"');
    return (other) => other === name;
  }
  const test = compileGlob(segment.toLowerCase());
  return test && ((name) => test(name.toLowerCase()));
}
