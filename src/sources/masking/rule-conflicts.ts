/**
 * Compares rules with a database before the first row passes: what no rule classifies, what its schema would give away,
 * and which keys would not hold when the masked rows are restored.
 */
import { HoldfastError } from '../../kernel/errors.ts';
import { checkRules, findRule, listNames, masksContent, tableLabel } from './column-maskers.ts';
import { type ColumnShape, parseColumnType, type TableShape } from './column-type.ts';
import type { DatabaseShape, UniqueKey } from './database-shape.ts';
import type { MaskingRules, Rule } from './rule.ts';

/** Rules under which two values may become one. */
const mixing: ReadonlySet<Rule['kind']> = new Set([
  'fixed',
  'name',
  'address',
  'text',
  'number',
  'date',
  'json',
  'fields',
]);

/**
 * Code `usage` when the rules are strict and a column has none, when the column that a rule names is not there, when a
 * masked column has a default value that stays, or when a key would not hold: all of what is wrong of one kind is
 * named. Patterns of any column that fit nothing are warned of.
 */
export function checkDatabase(
  rules: MaskingRules,
  shape: DatabaseShape,
  warn: (message: string) => void,
): void {
  const idle = checkRules(rules, shape.tables);
  const misspelt = idle.filter(({ pattern, rule }) => pattern.isExact && rule.kind !== 'keep');
  if (misspelt.length > 0) {
    const named = misspelt.map(({ pattern, place }) => `${place}: there is no column ${pattern.text}`);
    throw new HoldfastError('usage', listNames(named, '; '), {
      hint: 'correct the name, or take the rule out: what it should mask would stay as it is',
    });
  }
  for (const { pattern, place } of idle) warn(`${place}: the pattern ${pattern.text} fits no column`);
  const defaults = rules.keepDefaults ? [] : shape.tables.flatMap((table) => openDefaults(rules, table));
  if (defaults.length > 0) {
    throw new HoldfastError(
      'usage',
      `${rules.file}: default values of masked columns stay as they are: ${listNames(defaults)}`,
      { hint: 'look at them; `defaults: keep` in the rules lets them pass' },
    );
  }
  const conflicts = keyConflicts(rules, shape);
  if (conflicts.length > 0) {
    throw new HoldfastError('usage', `${rules.file}: ${listNames(conflicts, '; ')}`, {
      hint: 'pseudonym and email keep values apart, and make the same of the same value everywhere',
    });
  }
}

/** Code `usage` when the rules do not say what becomes of large objects. */
export function refuseLargeObjects(rules: MaskingRules): void {
  if (rules.largeObjects === undefined) {
    throw new HoldfastError(
      'usage',
      `${rules.file}: the database has large objects, which rules cannot mask`,
      {
        hint: '`large-objects: empty` in the rules restores them without content, `large-objects: keep` as they are',
      },
    );
  }
}

function openDefaults(rules: MaskingRules, table: TableShape): string[] {
  return table.columns
    .filter((column) => {
      const kind = findRule(rules, table, column)?.rule.kind;
      return !column.generated && column.literalDefault === true && kind !== undefined && kind !== 'keep';
    })
    .map(({ name }) => `${tableLabel(table)}.${name}`);
}

function keyConflicts(rules: MaskingRules, { tables, uniqueKeys, foreignKeys }: DatabaseShape): string[] {
  const byName = new Map(tables.map((table) => [`${table.schema ?? ''}\0${table.name}`, table]));
  const find = (key: UniqueKey, name: string): Found | undefined => {
    const table = byName.get(`${key.schema}\0${key.table}`);
    const column = table?.columns.find((candidate) => candidate.name === name);
    return table && column && { label: `${tableLabel(table)}.${name}`, ...outcome(rules, table, column) };
  };
  const conflicts = new Set<string>();
  for (const key of uniqueKeys) {
    for (const name of key.columns) {
      const found = find(key, name);
      if (found?.mixes)
        conflicts.add(`${found.label} is unique, and ${found.by} may make two values the same`);
    }
  }
  for (const { from, to } of foreignKeys) {
    for (const [i, name] of from.columns.entries()) {
      const source = find(from, name);
      const target = find(to, to.columns[i] ?? '');
      if (!source || !target || source.mapping === target.mapping || source.mapping === 'null') continue;
      conflicts.add(`${source.label} refers to ${target.label}, and their rules differ`);
    }
  }
  return [...conflicts];
}

interface Found extends Outcome {
  readonly label: string;
}

interface Outcome {
  readonly mixes: boolean;
  /** what does it, for messages */
  readonly by: string;
  /** the same for two columns in which the same value becomes the same */
  readonly mapping: string;
}

function outcome(rules: MaskingRules, table: TableShape, column: ColumnShape): Outcome {
  if (column.generated) return { mixes: false, by: '', mapping: 'generated' };
  const rule = findRule(rules, table, column)?.rule;
  if (rule === undefined || rule.kind === 'keep') {
    const content = masksContent(rules, rule, column);
    return {
      mixes: content && (rules.emailAnywhere?.kind === 'fixed' || joinsCases(rules.emailAnywhere, column)),
      by: 'email-anywhere',
      mapping: content ? 'email-anywhere' : 'keep',
    };
  }
  const joins = joinsCases(rule, column);
  return {
    mixes: mixing.has(rule.kind) || (rule.kind === 'phone' && rule.prefix !== '') || joins,
    by: `the rule ${rule.kind}${joins ? ' with ignore-case' : ''}`,
    mapping: rule.kind === 'null' ? 'null' : JSON.stringify(rule),
  };
}

/** True when values that the server keeps apart by the case of their letters would become one. */
function joinsCases(rule: Rule | undefined, { type, ignoresCase }: ColumnShape): boolean {
  if (rule?.kind !== 'email' && rule?.kind !== 'pseudonym') return false;
  const { family } = parseColumnType(type);
  const hasCase = family === 'text' || family === 'other' || family === 'array';
  return (
    rule.ignoreCase && ignoresCase !== true && (hasCase || (family === 'binary' && rule.kind === 'email'))
  );
}
