/** The statements that SQLite keeps in its schema. */
import { HoldfastError } from '../../kernel/errors.ts';
import { quoteName } from './table-shape.ts';

/** SQLite keeps them with these words before the name, whatever was written. */
const beforeName = /^CREATE\s+(?:UNIQUE\s+)?(?:INDEX|TRIGGER)\s+/i;
const name = /^(?:"(?:[^"]|"")*"|'(?:[^']|'')*'|`(?:[^`]|``)*`|\[[^\]]*\]|[^\s"'`[(]+)/;

/** The statement that makes an index or a trigger, for one of another name. */
export function renamed(sql: string, newName: string): string {
  const [head] = beforeName.exec(sql) ?? [];
  const [old] = head === undefined ? [] : (name.exec(sql.slice(head.length)) ?? []);
  if (head === undefined || old === undefined) {
    throw new HoldfastError(
      'failed',
      `the schema has a statement that is not understood: ${sql.slice(0, 80)}`,
    );
  }
  return `${head}${quoteName(newName)} ${sql.slice(head.length + old.length)}`;
}

/** The module of a virtual table in small letters, and what stands in its brackets. Code `unsupported`. */
export function virtualTable(sql: string): { readonly module: string; readonly options: string } {
  const [head] = /^CREATE\s+VIRTUAL\s+TABLE\s+/i.exec(sql) ?? [];
  const [own] = head === undefined ? [] : (name.exec(sql.slice(head.length)) ?? []);
  const rest = own === undefined ? '' : sql.slice(head!.length + own.length);
  const [, module, options] = /^\s+USING\s+["'`[]?(\w+)["'`\]]?\s*(?:\((.*)\)\s*)?$/is.exec(rest) ?? [];
  if (module !== undefined) return { module: module.toLowerCase(), options: (options ?? '').trim() };
  throw new HoldfastError(
    'unsupported',
    `the schema has a statement that is not understood: ${sql.slice(0, 80)}`,
  );
}

type PartKind = 'code' | 'text' | 'name' | 'remark';

const parts = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*.*?(?:\*\/|$)/gs;

/** A statement in what its parts are, none of them left out. */
export function* readParts(sql: string): Generator<{ readonly kind: PartKind; readonly source: string }> {
  let read = 0;
  for (const match of sql.matchAll(parts)) {
    if (match.index > read) yield { kind: 'code', source: sql.slice(read, match.index) };
    const [source] = match;
    const isRemark = source.startsWith('--') || source.startsWith('/*');
    yield { kind: isRemark ? 'remark' : source.startsWith("'") ? 'text' : 'name', source };
    read = match.index + source.length;
  }
  if (read < sql.length) yield { kind: 'code', source: sql.slice(read) };
}
