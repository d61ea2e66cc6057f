/** Proposes rules for all columns of a database, from their names and a sample of their values, and says why. */
import { findRule, masksContent, tableLabel } from './column-maskers.ts';
import {
  type ColumnShape,
  parseColumnType,
  type TableName,
  type TableShape,
  type TypeFamily,
} from './column-type.ts';
import type { DatabaseShape, UniqueKey } from './database-shape.ts';
import { kindOfName, kindOfValues, type PersonalKind } from './personal-kind.ts';
import { stepTo } from './json-path.ts';
import type { MaskingRules } from './rule.ts';
import { readArray, readRecord } from './composite-values.ts';
import type { DatabaseSample, TableSample } from './table-sample.ts';

/** A rule as it stands in a rules file: `email`, `{ name: first }`, null. */
export type RuleText = string | null | { readonly [option: string]: RuleText };

export interface Suggestion {
  readonly table: TableShape;
  readonly column: string;
  readonly rule: RuleText;
  /** undefined: nothing about it looks personal */
  readonly why: string | undefined;
  /** nothing but e-mail addresses was seen in it, which `email-anywhere` finds */
  readonly addresses: boolean;
}

export interface Guess {
  readonly kind: PersonalKind;
  readonly why: string;
  /** all that looks personal are e-mail addresses in the values */
  readonly addresses: boolean;
}

export const sampleRows = 500;
/** Members of documents that are looked at. */
const mostPaths = 200;

/** Columns of partitions are those of the table that they are of; a table that inherits may have some of its own. */
export async function suggestRules(sample: DatabaseSample): Promise<Suggestion[]> {
  const { tables } = sample.shape;
  const columns = new Set(tables.flatMap((table) => table.columns.map(({ name }) => columnId(table, name))));
  /** the table whose rule holds for the column of this one */
  const ownerOf = (table: TableShape, column: string): TableName =>
    table.within?.findLast((above) => columns.has(columnId(above, column))) ?? table;
  const values = new Map<string, string[]>();
  for await (const { table, rows } of sample.tables(sampleRows)) collect(values, table, rows, ownerOf);
  const found = new Map<string, Suggestion>();
  for (const table of tables) {
    for (const column of table.columns) {
      if (column.generated || ownerOf(table, column.name) !== table) continue;
      const seen = values.get(columnId(table, column.name)) ?? [];
      found.set(columnId(table, column.name), suggest(table, column, seen));
    }
  }
  spreadOverKeys(found, sample.shape);
  return [...found.values()];
}

function collect(
  values: Map<string, string[]>,
  table: TableShape,
  rows: TableSample['rows'],
  ownerOf: (table: TableShape, column: string) => TableName,
): void {
  for (const [i, column] of table.columns.entries()) {
    const id = columnId(ownerOf(table, column.name), column.name);
    const known = values.get(id) ?? [];
    for (const row of rows) if (row[i] !== undefined && row[i] !== '') known.push(row[i]);
    values.set(id, known);
  }
}

function columnId(table: TableName, column: string): string {
  return JSON.stringify([table.schema ?? '', table.name, column]);
}

function suggest(table: TableShape, column: ColumnShape, values: readonly string[]): Suggestion {
  const base = { table, column: column.name };
  const { rule, why, addresses } = ruleOf(column, table.name, values);
  if (rule !== undefined) return { ...base, rule, why, addresses };
  return { ...base, rule: 'keep', why: why && `${why}, and no rule fits its type`, addresses };
}

interface Proposal {
  readonly rule: RuleText | undefined;
  readonly why: string | undefined;
  readonly addresses: boolean;
}

const nothing: Proposal = { rule: undefined, why: undefined, addresses: false };

function ruleOf(column: ColumnShape, within: string, values: readonly string[]): Proposal {
  const { family } = parseColumnType(column.type);
  if (family === 'json' || (family === 'text' && areDocuments(values))) return jsonRule(values);
  if (family === 'record')
    return fieldsRule(
      column,
      values.map((value) => readRecord(value, column.fields?.length ?? 0)),
    );
  if (family === 'array') {
    const element = { ...column, type: column.type!.replace(/\[\]$/, ''), unique: false };
    return ruleOf(
      element,
      within,
      values.flatMap((value) => readArray(value)),
    );
  }
  const guess = guessOf(column.name, within, family, values);
  if (!guess) return nothing;
  const { kind, why, addresses } = guess;
  return { rule: ruleFor(kind, column, family), why, addresses };
}

/** What the values say counts more than what the name says. */
export function guessOf(
  name: string,
  within: string,
  family: TypeFamily,
  values: readonly string[],
): Guess | undefined {
  const content =
    family === 'text' || family === 'other' || family === 'integer' ? kindOfValues(values) : undefined;
  const named = kindOfName(name, within);
  const saysName = named && `its name says ${named}`;
  if (content && content.kind !== 'free text') {
    const part = `${Math.ceil(content.share * 100)}% of ${values.length} values look like ${article(content.kind)}`;
    // a name of both parts fits where only one is looked for as well
    const kind = content.kind === 'name' && named?.endsWith('name') ? named : content.kind;
    const addresses = kind === 'e-mail address' && (named === undefined || named === kind);
    return { kind, why: saysName ? `${part}, and ${saysName}` : part, addresses };
  }
  if (named && fits(named, family)) return { kind: named, why: saysName!, addresses: false };
  if (content) return { kind: 'free text', why: 'some values have e-mail addresses within', addresses: true };
  return undefined;
}

function article(kind: PersonalKind): string {
  return kind === 'free text' ? kind : /^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`;
}

/** `is_email_confirmed boolean` is no address, and `city_id integer` no city. */
function fits(kind: PersonalKind, family: TypeFamily): boolean {
  if (family === 'boolean' || family === 'enum' || family === 'time') return false;
  if (family === 'text' || family === 'other') return kind !== 'picture';
  if (family === 'date') return kind === 'birthday';
  if (family === 'address') return kind === 'network address';
  if (family === 'binary') return kind === 'picture' || kind === 'secret';
  if (family === 'uuid') return kind === 'secret';
  if (family === 'decimal' || family === 'float') return kind === 'pay' || kind === 'location';
  return ['phone number', 'bank account', 'card number', 'identity number', 'pay'].includes(kind);
}

const rules: Readonly<Record<PersonalKind, RuleText>> = {
  'e-mail address': 'email',
  'phone number': 'phone',
  'bank account': 'pseudonym',
  'card number': 'pseudonym',
  'identity number': 'pseudonym',
  'network address': { fixed: '192.0.2.1' },
  name: 'name',
  'first name': { name: 'first' },
  'last name': { name: 'last' },
  address: 'address',
  street: { address: 'street' },
  city: { address: 'city' },
  postcode: { address: 'postcode' },
  birthday: 'text',
  secret: 'pseudonym',
  'login name': 'pseudonym',
  picture: null,
  pay: 'text',
  location: 'text',
  'free text': 'text',
};

/** Room that the rule email wants in a column whose values are unique: 12 characters and `@example.com`. */
const shortestEmail = 24;

function ruleFor(kind: PersonalKind, column: ColumnShape, family: TypeFamily): RuleText | undefined {
  const { maxLength } = parseColumnType(column.type);
  if (family === 'date') return { date: '90 days' };
  if (family === 'decimal' || family === 'float') return { number: '10%' };
  if (family === 'uuid') return 'pseudonym';
  if (family === 'integer') return kind === 'pay' ? { number: '10%' } : 'pseudonym';
  if (family === 'binary') return column.nullable === false ? 'pseudonym' : null;
  if (family === 'address') return column.unique ? undefined : { fixed: '192.0.2.1' };
  if (kind === 'e-mail address' && (maxLength ?? shortestEmail) >= shortestEmail) return 'email';
  const rule = rules[kind];
  const mixes = rule !== 'email' && rule !== 'phone';
  return rule === 'email' || (column.unique && mixes) ? 'pseudonym' : rule;
}

function fieldsRule(column: ColumnShape, rows: readonly (readonly (string | undefined)[])[]): Proposal {
  const fields: Record<string, RuleText> = {};
  const reasons: string[] = [];
  let all = true;
  for (const [i, field] of (column.fields ?? []).entries()) {
    const values = rows.map((row) => row[i]).filter((value) => value !== undefined && value !== '');
    const { rule, why, addresses } = ruleOf(field, column.name, values as string[]);
    fields[field.name] = rule === undefined ? 'keep' : rule;
    if (why === undefined) continue;
    reasons.push(`${field.name}: ${why}`);
    all &&= addresses;
  }
  return reasons.length === 0 ? nothing : { rule: { fields }, why: reasons.join('; '), addresses: all };
}

/** Rules for paths of the documents that were seen; what is in lists is taken together. */
function jsonRule(documents: readonly string[]): Proposal {
  let more = false;
  const leaves = new Map<string, { name: string; within: string; values: string[] }>();
  const walk = (value: unknown, path: string, name: string, within: string): void => {
    if (Array.isArray(value)) for (const each of value) walk(each, `${path}[*]`, name, within);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, each] of Object.entries(value)) walk(each, `${path}${stepTo(key)}`, key, name);
    } else if (leaves.size >= mostPaths && !leaves.has(path)) more = true;
    else if (value !== null) {
      const leaf = leaves.get(path) ?? { name, within, values: [] };
      if (value !== '') leaf.values.push(String(value));
      leaves.set(path, leaf);
    }
  };
  for (const document of documents) {
    try {
      walk(JSON.parse(document), '$', '', '');
    } catch {
      // a column of type json has nothing but documents; this sample is cut off
    }
  }
  const paths: Record<string, RuleText> = {};
  const reasons: string[] = [];
  let all = true;
  for (const [path, { name, within, values }] of leaves) {
    const guess = guessOf(name, within, 'text', values);
    paths[path] = 'keep';
    if (!guess) continue;
    paths[path] = ruleFor(guess.kind, { name }, 'text') ?? 'text';
    reasons.push(`${path}: ${guess.why}`);
    all &&= guess.addresses;
  }
  if (reasons.length === 0) return nothing;
  if (more) paths['$..*'] = 'keep';
  return { rule: { json: paths }, why: reasons.join('; '), addresses: all };
}

function areDocuments(values: readonly string[]): boolean {
  return values.length > 0 && values.every((value) => /^\s*[{[]/.test(value) && isDocument(value));
}

function isDocument(value: string): boolean {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

/** Columns that refer to each other get the same rule: else joins would not hold. */
function spreadOverKeys(found: Map<string, Suggestion>, { foreignKeys }: DatabaseShape): void {
  const pairs = foreignKeys.flatMap(({ from, to }) =>
    from.columns.map((name, i) => [keyId(from, name), keyId(to, to.columns[i] ?? '')] as const),
  );
  for (let changed = true; changed;) {
    changed = false;
    for (const pair of pairs) {
      const [source, target] = pair.map((id) => found.get(id));
      if (!source || !target || JSON.stringify(source.rule) === JSON.stringify(target.rule)) continue;
      const [id, other] = target.rule === 'keep' ? [pair[1], source] : [pair[0], target];
      const label = `${tableLabel(other.table)}.${other.column}`;
      found.set(id, {
        ...found.get(id)!,
        rule: other.rule,
        why: `the same as ${label}, which a key ties it to`,
        addresses: other.addresses,
      });
      changed = true;
    }
  }
}

function keyId(key: UniqueKey, column: string): string {
  return columnId({ schema: key.schema, name: key.table }, column);
}

/** What looks personal and stays as it is: without a rule, or under a bare `keep`, where `email-anywhere` does not find it. */
export function uncovered(
  rules: MaskingRules,
  suggestions: readonly Suggestion[],
): (Suggestion & { readonly why: string })[] {
  return suggestions.filter((suggestion): suggestion is Suggestion & { readonly why: string } => {
    const { table, column, why, addresses } = suggestion;
    if (why === undefined) return false;
    const shape = table.columns.find(({ name }) => name === column);
    const rule = shape && findRule(rules, table, shape)?.rule;
    if (shape && addresses && masksContent(rules, rule, shape)) return false;
    return rule === undefined || (rule.kind === 'keep' && rule.anywhere);
  });
}
