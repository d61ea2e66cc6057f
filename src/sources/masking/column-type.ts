/** What a column's type, as PostgreSQL, MySQL and MariaDB write it, says about the values that fit into it. */

export type TypeFamily =
  | 'text'
  | 'integer'
  | 'decimal'
  | 'float'
  | 'date'
  | 'time'
  | 'boolean'
  | 'uuid'
  | 'json'
  | 'binary'
  | 'address'
  | 'array'
  /** an enumeration or a set: it takes none but its own values */
  | 'enum'
  /** a composite type */
  | 'record'
  /** ranges and whatever else there is, and columns of unknown type */
  | 'other';

export interface ColumnType {
  readonly family: TypeFamily;
  /** in characters, of texts; in bytes, of binary */
  readonly maxLength: number | undefined;
  /** the largest absolute value of an integer type */
  readonly maxInteger: bigint | undefined;
}

export interface ColumnShape {
  readonly name: string;
  /** `character varying(40)`, `int(10) unsigned`; undefined when not known */
  readonly type?: string;
  /** true: longer values than its type says are taken all the same */
  readonly takesLonger?: boolean;
  /** false: NULL is not allowed */
  readonly nullable?: boolean;
  /** true: no value occurs twice */
  readonly unique?: boolean;
  /** true: texts that differ in the case of letters alone are the same to its server */
  readonly ignoresCase?: boolean;
  /** of a composite type, or an array of one */
  readonly fields?: readonly ColumnShape[];
  /** the server makes its values from others: what stands in rows is left out, and it needs no rule */
  readonly generated?: boolean;
  /** its default value is a text that stands in the schema */
  readonly literalDefault?: boolean;
}

export interface TableName {
  readonly schema?: string;
  readonly name: string;
}

export interface TableShape extends TableName {
  /** tables whose rules hold for this one as well: of which it is a partition, or from which it inherits */
  readonly within?: readonly TableName[];
  /** in the order in which rows have them */
  readonly columns: readonly ColumnShape[];
}

const families: readonly (readonly [RegExp, TypeFamily])[] = [
  [/\[\]$|^_/, 'array'],
  [/^(?:character|char|varchar|n?varchar|bpchar|text|tinytext|mediumtext|longtext|citext|name)\b/, 'text'],
  [/^(?:smallint|integer|bigint|int[248]?|tinyint|mediumint|smallserial|serial|bigserial)\b/, 'integer'],
  [/^(?:numeric|decimal|dec|fixed)\b/, 'decimal'],
  [/^(?:real|double|float[48]?)\b/, 'float'],
  [/^(?:date|datetime|timestamp|timestamptz)\b/, 'date'],
  [/^(?:time|timetz|interval|year)\b/, 'time'],
  [/^(?:boolean|bool|bit)\b/, 'boolean'],
  [/^(?:enum|set)\b/, 'enum'],
  [/^record\b/, 'record'],
  [/^uuid\b/, 'uuid'],
  [/^jsonb?\b/, 'json'],
  [/^(?:bytea|binary|varbinary|tinyblob|blob|mediumblob|longblob)\b/, 'binary'],
  [/^(?:inet|cidr|macaddr8?|inet[46])\b/, 'address'],
];

const integerBytes: Record<string, number> = {
  tinyint: 1,
  smallint: 2,
  int2: 2,
  mediumint: 3,
  bigint: 8,
  int8: 8,
  bigserial: 8,
  smallserial: 2,
};

/** `type` as format_type, information_schema or SHOW CREATE TABLE give it. */
export function parseColumnType(type: string | undefined): ColumnType {
  const text = (type ?? '')
    .trim()
    .toLowerCase()
    .replace(/^pg_catalog\./, '');
  const family = families.find(([pattern]) => pattern.test(text))?.[1] ?? 'other';
  const base = /^[a-z0-9_]+/.exec(text)?.[0] ?? '';
  let maxLength: number | undefined;
  if (family === 'text' || family === 'binary') {
    const length = /\((\d+)\)/.exec(text)?.[1];
    if (length !== undefined) maxLength = Number(length);
    else if (/^(?:char|character|binary)$/.test(text)) maxLength = 1;
    else if (base === 'tinytext' || base === 'tinyblob') maxLength = 255;
  }
  let maxInteger: bigint | undefined;
  if (family === 'integer') {
    const bits = 8n * BigInt(integerBytes[base] ?? 4);
    maxInteger = 2n ** (text.includes('unsigned') ? bits : bits - 1n) - 1n;
  }
  return { family, maxLength, maxInteger };
}

/**
 * Up to how many characters a server fills the texts of a type with spaces; 0 when it leaves spaces at their end out,
 * and undefined when it keeps them. PostgreSQL writes `character(2)`, MySQL and MariaDB `char(2)`.
 */
export function paddingOf(type: string | undefined): number | undefined {
  const [, name, width] =
    /^(?:pg_catalog\.)?(character|bpchar|char)\((\d+)\)$/i.exec(type?.trim() ?? '') ?? [];
  if (name === undefined) return undefined;
  return name.toLowerCase() === 'char' ? 0 : Number(width);
}
