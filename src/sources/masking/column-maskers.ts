/** Finds the rule of each column, and makes of it what masks the values of that column's type. */
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import {
  type ColumnShape,
  type ColumnType,
  paddingOf,
  parseColumnType,
  type TableShape,
  type TypeFamily,
} from './column-type.ts';
import { maskEmailsFitting, maskEmailsWithin } from './email-anywhere.ts';
import type { MaskingKey } from './keyed-functions.ts';
import { maskArray, maskRecord } from './mask-composite.ts';
import { maskFixed, maskNull } from './mask-constant.ts';
import { maskDate } from './mask-date.ts';
import { maskEmail } from './mask-email.ts';
import { maskJson } from './mask-json.ts';
import { maskFloat } from './mask-float.ts';
import { maskNumber } from './mask-number.ts';
import { maskPadded } from './mask-padded.ts';
import { maskBinaryPseudonym, maskPhone, maskPseudonym } from './mask-pseudonym.ts';
import { maskAddress, maskName, maskText } from './mask-words.ts';
import type { ColumnRule, FieldRule, MaskingRules, Rule } from './rule.ts';
import type { ValueMasker } from './value-masker.ts';

/** What happens to one column; `undefined` in its place: every value is copied. */
export interface ColumnMasker extends ValueMasker {
  readonly column: string;
  readonly type: ColumnType;
  /** only values with an e-mail address in them change */
  readonly contentOnly: boolean;
  /** an empty text changes as well */
  readonly takesEmpty: boolean;
}

/**
 * The types for which each rule makes sense; columns of types that are not known take nearly every rule. The elements of
 * an array are masked one by one, as values of their own type.
 */
const texts: readonly TypeFamily[] = ['text', 'binary', 'other'];
const fitting: Partial<Record<Rule['kind'], readonly TypeFamily[]>> = {
  email: texts,
  name: texts,
  phone: [...texts, 'integer'],
  address: texts,
  text: texts,
  number: [...texts, 'integer', 'decimal', 'float'],
  date: [...texts, 'date'],
  pseudonym: [...texts, 'integer', 'uuid'],
  json: [...texts, 'json'],
  fields: ['record'],
};

/** Types whose values have room for an address. In binary ones an image could look as if it held one. */
const contentFamilies: readonly TypeFamily[] = ['text', 'json', 'array', 'record', 'other'];

/** The first rule whose pattern fits. */
export function findRule(
  rules: MaskingRules,
  table: TableShape,
  column: ColumnShape,
): ColumnRule | undefined {
  return rules.columns.find((rule) => fitsColumn(rule, table, column));
}

function fitsColumn({ pattern }: ColumnRule, table: TableShape, column: ColumnShape): boolean {
  if (pattern.matches(table.schema, table.name, column.name)) return true;
  return table.within?.some(({ schema, name }) => pattern.matches(schema, name, column.name)) ?? false;
}

/** True when addresses are looked for in the column. */
export function masksContent(rules: MaskingRules, rule: Rule | undefined, column: ColumnShape): boolean {
  if (!rules.emailAnywhere || (rule !== undefined && (rule.kind !== 'keep' || !rule.anywhere))) return false;
  return contentFamilies.includes(parseColumnType(column.type).family);
}

/** `schema.table`, or the name alone. */
export function tableLabel(table: TableShape): string {
  return table.schema === undefined ? table.name : `${table.schema}.${table.name}`;
}

/**
 * Compares rules with all tables of a database. Code `usage` when the rules are strict and a column has none: all of
 * them are named. Returns the patterns that fit no column, which are often misspelt.
 */
export function checkRules(rules: MaskingRules, tables: Iterable<TableShape>): ColumnRule[] {
  const idle = new Set(rules.columns);
  const missing: string[] = [];
  for (const table of tables) {
    for (const column of table.columns) {
      missing.push(...unclassified(rules, table, column));
      for (const rule of idle) if (fitsColumn(rule, table, column)) idle.delete(rule);
    }
  }
  if (rules.strict) failWhenMissing(rules, missing);
  return [...idle];
}

/** One for each column of the table. Code `usage` when a rule does not fit its column, or a strict file has no rule for one. */
export function createColumnMaskers(
  rules: MaskingRules,
  key: MaskingKey,
  table: TableShape,
): (ColumnMasker | undefined)[] {
  const missing: string[] = [];
  const emails = anywhereMasker(rules, key);
  const maskers = table.columns.map((column): ColumnMasker | undefined => {
    const found = findRule(rules, table, column);
    if (rules.strict) missing.push(...unclassified(rules, table, column));
    const type = parseColumnType(column.type);
    const describe = (masker: ValueMasker, contentOnly: boolean): ColumnMasker => ({
      mask: masker.mask,
      plain: masker.plain,
      column: column.name,
      type,
      contentOnly,
      takesEmpty: takesEmpty(found?.rule),
    });
    if (column.generated) return describe(maskNull, false);
    if (!found || found.rule.kind === 'keep') {
      if (!emails || !masksContent(rules, found?.rule, column)) return undefined;
      return describe(contentMasker(column, emails), true);
    }
    try {
      return describe(createMasker(found.rule, key, column, emails, rules.strict), false);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      const where = `${found.place}: column ${tableLabel(table)}.${column.name}`;
      throw new HoldfastError(error.code, `${where}: ${messageOf(error)}`, {
        cause: error,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    }
  });
  failWhenMissing(rules, missing);
  return maskers;
}

/** What becomes of any text that no rule masks; undefined when the rules say nothing of it. */
export function anywhereMasker(rules: MaskingRules, key: MaskingKey): ValueMasker | undefined {
  return rules.emailAnywhere && maskEmailsWithin(createMasker(rules.emailAnywhere, key, unknownColumn));
}

const unknownColumn: ColumnShape = { name: '' };

/** The column when no rule fits it, and the fields of a composite one that its rule leaves out. */
function unclassified(rules: MaskingRules, table: TableShape, column: ColumnShape): string[] {
  if (column.generated) return [];
  const label = `${tableLabel(table)}.${column.name}`;
  const rule = findRule(rules, table, column)?.rule;
  if (!rule) return [label];
  if (rule.kind !== 'fields') return [];
  const known = new Set(rule.fields.map(({ name }) => name));
  return (column.fields ?? []).filter(({ name }) => !known.has(name)).map(({ name }) => `${label} (${name})`);
}

function createMasker(
  rule: Rule,
  key: MaskingKey,
  column: ColumnShape,
  emails?: ValueMasker,
  isStrict = false,
): ValueMasker {
  const masker = createBareMasker(rule, key, column, emails, isStrict);
  const width = paddingOf(column.type);
  return width === undefined ? masker : maskPadded(masker, width, takesEmpty(rule));
}

function takesEmpty(rule: Rule | undefined): boolean {
  return rule?.kind === 'null' || rule?.kind === 'fixed';
}

function createBareMasker(
  rule: Rule,
  key: MaskingKey,
  column: ColumnShape,
  emails: ValueMasker | undefined,
  isStrict: boolean,
): ValueMasker {
  const type = parseColumnType(column.type);
  const { maxLength } = type;
  if (type.family === 'array' && rule.kind !== 'null' && rule.kind !== 'fixed') {
    const element = { ...column, type: elementType(column.type!) };
    return maskArray(createMasker(rule, key, element, emails, isStrict));
  }
  if (!(fitting[rule.kind]?.includes(type.family) ?? true)) {
    throw new HoldfastError('usage', `the rule ${rule.kind} does not fit the type ${column.type}`);
  }
  switch (rule.kind) {
    case 'keep':
      throw new HoldfastError('usage', 'the rule keep masks nothing');
    case 'null':
      if (column.nullable === false) throw new HoldfastError('usage', 'the column does not take NULL');
      return maskNull;
    case 'fixed':
      if (maxLength !== undefined && [...rule.value].length > maxLength) {
        throw new HoldfastError('usage', `the fixed value is longer than ${maxLength} characters`);
      }
      return maskFixed(rule.value);
    case 'email': {
      const unique = column.unique ?? false;
      return maskEmail(key.functions('email'), { ...rule, maxLength, unique });
    }
    case 'name':
      return maskName(key.functions(`name ${rule.part}`), rule.part, maxLength);
    case 'phone':
      // leading zeros would be lost
      if (type.family === 'integer')
        return maskPseudonym(key.functions('pseudonym '), { ignoreCase: false, maxLength });
      return maskPhone(key.functions('phone'), rule.prefix, maxLength);
    case 'address':
      return maskAddress(key.functions(`address ${rule.part}`), rule.part, maxLength);
    case 'text':
      return maskText(key.functions('text'), maxLength);
    case 'number': {
      const numbers = maskNumber(key.functions('number'), rule.by, type);
      const isExact = type.family !== 'float' || column.takesLonger;
      return isExact ? numbers : maskFloat(numbers, column.type!);
    }
    case 'date':
      return maskDate(key.functions('date'), rule.seconds);
    case 'pseudonym': {
      const functions = key.functions(`pseudonym ${rule.scope}`);
      if (type.family === 'binary') return maskBinaryPseudonym(functions);
      return maskPseudonym(functions, { ...rule, maxLength });
    }
    case 'json': {
      const paths = rule.paths.map(({ path, rule }) => {
        if (rule.kind === 'keep') return { path, masker: undefined, verbatim: !rule.anywhere };
        return { path, masker: createMasker(rule, key, unknownColumn) };
      });
      return maskJson(paths, emails, isStrict);
    }
    case 'fields':
      return maskFields(rule.fields, key, column.fields ?? [], emails, isStrict);
  }
}

/** Looks for addresses in the texts that a value is made of. */
function contentMasker(column: ColumnShape, emails: ValueMasker): ValueMasker {
  const { family, maxLength } = parseColumnType(column.type);
  if (family === 'json') return maskJson([], emails);
  if (family === 'array') {
    return maskArray(contentMasker({ ...column, type: elementType(column.type!) }, emails));
  }
  const width = paddingOf(column.type);
  const isBound = maxLength !== undefined && !column.takesLonger;
  const fitting = isBound ? maskEmailsFitting(emails, maxLength) : emails;
  if (width !== undefined) return maskPadded(fitting, width, false);
  if (family !== 'record') return fitting;
  const fields = column.fields ?? [];
  return maskRecord(
    fields.map((field) =>
      contentFamilies.includes(parseColumnType(field.type).family) ? contentMasker(field, emails) : undefined,
    ),
  );
}

function maskFields(
  rules: readonly FieldRule[],
  key: MaskingKey,
  fields: readonly ColumnShape[],
  emails: ValueMasker | undefined,
  isStrict: boolean,
): ValueMasker {
  const strange = rules.find(({ name }) => fields.every((field) => field.name !== name));
  if (strange) throw new HoldfastError('usage', `the type has no field ${strange.name}`);
  const maskers = fields.map((field) => {
    const rule = rules.find(({ name }) => name === field.name)?.rule;
    if (rule !== undefined && rule.kind !== 'keep') return createMasker(rule, key, field, emails, isStrict);
    const content = contentFamilies.includes(parseColumnType(field.type).family) && rule?.anywhere !== false;
    return content && emails ? contentMasker(field, emails) : undefined;
  });
  return maskRecord(maskers);
}

/** `text` for both `text[]` and `_text`. */
function elementType(type: string): string {
  return type.endsWith('[]') ? type.slice(0, -2) : type.replace(/^_/, '');
}

/** At most twenty, and how many more there are. */
export function listNames(names: readonly string[], separator = ', '): string {
  return (names.length > 20 ? [...names.slice(0, 20), `and ${names.length - 20} more`] : names).join(
    separator,
  );
}

function failWhenMissing(rules: MaskingRules, missing: readonly string[]): void {
  if (missing.length === 0) return;
  throw new HoldfastError('usage', `${rules.file}: strict, and no rule classifies ${missing.join(', ')}`, {
    hint: 'give each a rule; keep is one',
  });
}
