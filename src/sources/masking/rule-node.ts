/** One rule as it stands in a rules file: a word such as `email`, or a map of one such word to its options. */
import { isAlias, isMap, isScalar, type Node } from 'yaml';
import { parseJsonPath } from './json-path.ts';
import {
  addressParts,
  type FieldRule,
  type JsonRule,
  nameParts,
  type NumberBound,
  type Rule,
} from './rule.ts';
import {
  entriesOf,
  type Place,
  readBoolean,
  readChoice,
  readOptions,
  readSource,
  readText,
} from './yaml-node.ts';

type Reader = (value: Node | undefined, node: Node, place: Place) => Rule;

const defaultNumberBound: NumberBound = { share: 0.1 };
const secondsPerDay = 86_400;
const defaultDays = 90;

const readers: { readonly [kind in Rule['kind']]: Reader } = {
  keep(value, _node, place) {
    const { anywhere } = readOptions(value, ['anywhere'], place);
    return { kind: 'keep', anywhere: anywhere === undefined || readBoolean(anywhere, place) };
  },
  null: () => ({ kind: 'null' }),
  fixed(value, node, place) {
    if (value === undefined) return place.fail(node, 'expected the value: { fixed: VALUE }');
    return { kind: 'fixed', value: readSource(value, place, 'the value: { fixed: VALUE }') };
  },
  email(value, _node, place) {
    const { domain, 'ignore-case': ignoreCase } = readOptions(value, ['domain', 'ignore-case'], place);
    const name = domain === undefined ? 'example.com' : readText(domain, place, 'a domain');
    if (!/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(name)) place.fail(domain, 'expected a domain');
    return { kind: 'email', domain: name, ignoreCase: ignoreCase ? readBoolean(ignoreCase, place) : false };
  },
  name: (value, _node, place) => ({
    kind: 'name',
    part: value === undefined ? 'full' : readChoice(value, nameParts, place),
  }),
  phone(value, _node, place) {
    const { prefix } = readOptions(value, ['prefix'], place);
    const text = prefix === undefined ? '' : readSource(prefix, place, 'digits');
    if (!/^\d*$/.test(text)) place.fail(prefix, 'expected digits, in quotes when the first is zero');
    return { kind: 'phone', prefix: text };
  },
  address: (value, _node, place) => ({
    kind: 'address',
    part: value === undefined ? 'full' : readChoice(value, addressParts, place),
  }),
  text: () => ({ kind: 'text' }),
  number: (value, _node, place) => ({
    kind: 'number',
    by: value === undefined ? defaultNumberBound : readBound(value, place),
  }),
  date: (value, _node, place) => ({
    kind: 'date',
    seconds: value === undefined ? defaultDays * secondsPerDay : readDuration(value, place),
  }),
  pseudonym(value, _node, place) {
    const { scope, 'ignore-case': ignoreCase } = readOptions(value, ['scope', 'ignore-case'], place);
    return {
      kind: 'pseudonym',
      scope: scope === undefined ? '' : readText(scope, place, 'a name'),
      ignoreCase: ignoreCase ? readBoolean(ignoreCase, place) : false,
    };
  },
  json: (value, node, place) => ({ kind: 'json', paths: readPaths(value ?? node, place) }),
  fields: (value, node, place) => ({ kind: 'fields', fields: readFields(value ?? node, place) }),
};

/** The rules that take no options behind a colon. */
const bare: ReadonlySet<string> = new Set(['null', 'text']);
const kinds = Object.keys(readers) as Rule['kind'][];

/** Reads one rule; a bare `null` is the rule of that name. Code `usage`. */
export function readRule(node: Node, place: Place): Rule {
  if (isAlias(node)) return place.fail(node, 'expected a rule, not an alias');
  if (isScalar(node)) {
    const name = node.value === null ? 'null' : node.value;
    return readKind(name, undefined, node, place);
  }
  if (!isMap(node) || node.items.length !== 1) {
    return place.fail(node, `expected one rule: ${kinds.join(', ')}`);
  }
  const [{ name, keyNode, value } = { name: '', keyNode: undefined, value: undefined }] = entriesOf(
    node,
    place,
  );
  if (bare.has(name)) return place.fail(keyNode, `the rule ${name} has no options`);
  return readKind(name, value, keyNode ?? node, place);
}

function readKind(name: unknown, value: Node | undefined, node: Node, place: Place): Rule {
  const kind = kinds.find((candidate) => candidate === name);
  if (kind === undefined) {
    return place.fail(node, `${String(name)} is not a rule, expected one of ${kinds.join(', ')}`);
  }
  return readers[kind](value, node, place);
}

function readPaths(node: Node, place: Place): JsonRule[] {
  if (!isMap(node)) return place.fail(node, 'expected paths such as $.email, each with its rule');
  return entriesOf(node, place).map(({ name, keyNode, value }) => {
    const path = parseJsonPath(name);
    if (!path) return place.fail(keyNode, `expected a path such as $.email or $..phone, not ${name}`);
    const rule = readRule(value ?? keyNode, place);
    if (rule.kind === 'json') place.fail(value, 'expected a rule for values, not json within json');
    return { path, rule };
  });
}

function readFields(node: Node, place: Place): FieldRule[] {
  if (!isMap(node)) return place.fail(node, 'expected the fields of a composite type, each with its rule');
  return entriesOf(node, place).map(({ name, keyNode, value }) => ({
    name,
    rule: readRule(value ?? keyNode, place),
  }));
}

function readBound(node: Node, place: Place): NumberBound {
  const expected = 'the largest shift, such as 10% or 500';
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(readSource(node, place, expected));
  const number = Number(match?.[1]);
  if (!match || !(number > 0) || number > 1e12) return place.fail(node, `expected ${expected}`);
  if (match[2] === '') return { amount: number };
  return number <= 100 ? { share: number / 100 } : place.fail(node, 'expected at most 100%');
}

const unitSeconds: Record<string, number> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: secondsPerDay,
  week: 7 * secondsPerDay,
  month: 30 * secondsPerDay,
  year: 365 * secondsPerDay,
};

function readDuration(node: Node, place: Place): number {
  const expected = 'the largest shift, such as 30 days';
  const match = /^(\d+) *([a-z]+?)s?$/.exec(readSource(node, place, expected));
  const seconds = Number(match?.[1]) * (unitSeconds[match?.[2] ?? ''] ?? NaN);
  if (!(seconds > 0) || seconds > 100 * unitSeconds['year']!) {
    return place.fail(node, `expected ${expected}, at most 100 years`);
  }
  return seconds;
}
