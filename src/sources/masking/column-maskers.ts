/** Finds the rule of each column, and makes of it what masks the values of that column's type. */
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import {
  type ColumnShape,
  type ColumnType,
  parseColumnType,
  type TableShape,
  type TypeFamily,
} from './column-type.ts';
import { maskEmailsWithin } from './email-anywhere.ts';
import type { MaskingKey } from './keyed-functions.ts';
import { maskFixed, maskNull } from './mask-constant.ts';
import { maskDate } from './mask-date.ts';
import { maskEmail } from './mask-email.ts';
import { maskJson } from './mask-json.ts';
import { maskNumber } from './mask-number.ts';
import { maskBinaryPseudonym, maskPhone, maskPseudonym } from './mask-pseudonym.ts';
import { maskAddress, maskName, maskText } from './mask-words.ts';
import type { ColumnRule, MaskingRules, Rule } from './rule.ts';
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

/** The types for which each rule makes sense; columns of other types, domains above all, take every rule. */
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
};

/** Types whose values have room for an address. In binary ones an image could look as if it held one. */
const contentFamilies: readonly TypeFamily[] = ['text', 'json', 'array', 'other'];

/** The first rule whose pattern fits. */
export function findRule(
  rules: MaskingRules,
  table: TableShape,
  column: ColumnShape,
): ColumnRule | undefined {
  return rules.columns.find(({ pattern }) => pattern.matches(table.schema, table.name, column.name));
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
      if (!findRule(rules, table, column)) missing.push(`${tableLabel(table)}.${column.name}`);
      for (const rule of idle)
        if (rule.pattern.matches(table.schema, table.name, column.name)) idle.delete(rule);
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
  const emails =
    rules.emailAnywhere && maskEmailsWithin(createMasker(rules.emailAnywhere, key, unknownColumn));
  const maskers = table.columns.map((column): ColumnMasker | undefined => {
    const found = findRule(rules, table, column);
    if (!found && rules.strict) missing.push(`${tableLabel(table)}.${column.name}`);
    const type = parseColumnType(column.type);
    const describe = (masker: ValueMasker, contentOnly: boolean): ColumnMasker => ({
      mask: masker.mask,
      plain: masker.plain,
      column: column.name,
      type,
      contentOnly,
      takesEmpty: found?.rule.kind === 'null' || found?.rule.kind === 'fixed',
    });
    if (!found || found.rule.kind === 'keep') {
      const exempt = found?.rule.kind === 'keep' && !found.rule.anywhere;
      if (!emails || exempt || !contentFamilies.includes(type.family)) return undefined;
      return describe(type.family === 'json' ? maskJson([], emails) : emails, true);
    }
    try {
      return describe(createMasker(found.rule, key, column, emails), false);
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

const unknownColumn: ColumnShape = { name: '' };

function createMasker(rule: Rule, key: MaskingKey, column: ColumnShape, emails?: ValueMasker): ValueMasker {
  const type = parseColumnType(column.type);
  const { maxLength } = type;
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
    case 'number':
      return maskNumber(key.functions('number'), rule.by, type);
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
      return maskJson(paths, emails);
    }
  }
}

function failWhenMissing(rules: MaskingRules, missing: readonly string[]): void {
  if (missing.length === 0) return;
  const names = missing.length > 20 ? [...missing.slice(0, 20), `and ${missing.length - 20} more`] : missing;
  throw new HoldfastError('usage', `${rules.file}: strict, and no rule classifies ${names.join(', ')}`, {
    hint: 'give each a rule; keep is one',
  });
}
