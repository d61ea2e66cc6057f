/** The beginning of an INSERT statement in a dump, up to its rows. */

export interface InsertHead {
  readonly schema: string | undefined;
  readonly table: string;
  /** undefined: the statement has values for all columns, in the table's order */
  readonly columns: readonly string[] | undefined;
  /** bytes of the head, white space behind VALUES not included */
  readonly length: number;
}

const name = '(?:`((?:[^`]|``)+)`|([\\w$]+))';
const headPattern = new RegExp(
  `^(?:INSERT|REPLACE)(?: +(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE|INTO))* +(?:${name} *\\. *)?${name} *(\\((?:\`(?:[^\`]|\`\`)+\`|[^\`)])*\\))? *VALUES?(?![\\w$])`,
  'i',
);
const listPattern = new RegExp(name, 'g');

/** A head of thousands of columns is still shorter than this. */
const maxHead = 1 << 20;

/** True when a statement that begins at `start` may be an INSERT or REPLACE. */
export function beginsInsert(sql: Uint8Array, start: number): boolean {
  const first = sql[start]! | 32;
  if (first !== 0x69 && first !== 0x72) return false;
  return /^(?:insert|replace) /i.test(latin1(sql, start, start + 8));
}

/** Undefined when what begins at `start` is no INSERT with VALUES. Names are UTF-8. */
export function readInsertHead(sql: Uint8Array, start: number): InsertHead | undefined {
  // usually it is short: try little first
  for (const size of [1024, maxHead]) {
    const match = headPattern.exec(latin1(sql, start, start + size));
    if (!match) continue;
    const [whole, quotedSchema, schema, quotedTable, table, list] = match;
    return {
      schema: quotedSchema === undefined && schema === undefined ? undefined : unquote(quotedSchema, schema),
      table: unquote(quotedTable, table),
      columns:
        list === undefined
          ? undefined
          : Array.from(list.matchAll(listPattern), ([, quoted, bare]) => unquote(quoted, bare)),
      length: whole.length,
    };
  }
  return undefined;
}

function unquote(quoted: string | undefined, bare: string | undefined): string {
  return Buffer.from(quoted?.replaceAll('``', '`') ?? bare ?? '', 'latin1').toString();
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  const stop = Math.min(end, bytes.length);
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, stop - start).toString('latin1');
}
