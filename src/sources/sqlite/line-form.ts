/** How a row of a SQLite table becomes a line: as a statement, or as JSON, which SQLite writes in half the time. */
import { quoteText } from './table-shape.ts';

export interface LineForm {
  readonly before: string;
  readonly after: string;
  /** SQL for a value as text without line feeds, of a quoted column's name; never NULL */
  value(column: string): string;
  /** SQL for all values with commas between them, `before` and `after` */
  line(columns: readonly string[]): string;
  /** around the hexadecimal digits of a value that is too large to be handled at once */
  readonly largeBlob: readonly [opening: string, closing: string];
  readonly largeText: readonly [opening: string, closing: string];
}

/** A statement for each row, whose values are SQL literals. */
export function statementForm(before: string, after: string): LineForm {
  return {
    before,
    after,
    value: literalOf,
    line: (columns) => joined(before, columns.map(literalOf), after),
    largeBlob: [`X'`, `'`],
    largeText: [`CAST(X'`, `' AS TEXT)`],
  };
}

/** An array for each row; a blob is an array with its hexadecimal digits, for JSON has no such value. */
export const jsonForm: LineForm = {
  before: '[',
  after: ']',
  value: (column) => `json_quote(${jsonValue(column)})`,
  line(columns) {
    return columns.length <= mostArguments
      ? `json_array(${columns.map(jsonValue).join(', ')})`
      : joined(
          '[',
          columns.map((column) => `json_quote(${jsonValue(column)})`),
          ']',
        );
  },
  largeBlob: ['["', '"]'],
  largeText: ['["text","', '"]'],
};

/** SQLite takes a thousand, and older versions 127. */
const mostArguments = 100;

/** Operators would be nested too deeply for SQLite where there are hundreds of columns. */
function joined(before: string, values: readonly string[], after: string): string {
  const groups: string[] = [];
  for (let at = 0; at < values.length; at += mostArguments / 2) {
    groups.push(`concat(${values.slice(at, at + mostArguments / 2).join(`, ',', `)})`);
  }
  return `concat(${quoteText(before)}, ${groups.join(`, ',', `)}, ${quoteText(after)})`;
}

/** A literal that is the value again, and has no line feed in it. `quote` writes no text behind a zero byte. */
function literalOf(column: string): string {
  const feed = 'char(10)';
  const hexadecimal = `'CAST(X''' || hex(${column}) || ''' AS TEXT)'`;
  return `case typeof(${column}) when 'integer' then ${column} when 'text' then
    case when instr(${column}, char(0)) or (instr(${column}, ${feed}) and instr(${column}, '\\n')) then ${hexadecimal}
      when instr(${column}, ${feed}) then
        'replace(' || quote(replace(${column}, ${feed}, '\\n')) || ',''\\n'',char(10))'
      else quote(${column}) end
    else quote(${column}) end`;
}

function jsonValue(column: string): string {
  return `iif(typeof(${column}) = 'blob', json_array(hex(${column})), ${column})`;
}
