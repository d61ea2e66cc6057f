/** What a rules file says, as values: a rule for each pattern of columns, and what holds everywhere. */
import type { ColumnPattern } from './column-pattern.ts';
import type { JsonPath } from './json-path.ts';

/** What becomes of one value. NULL stays NULL under every rule, and an empty text empty but under `fixed`. */
export type Rule =
  | { readonly kind: 'keep'; /** false: not even `email-anywhere` touches it */ readonly anywhere: boolean }
  | { readonly kind: 'null' }
  | { readonly kind: 'fixed'; readonly value: string }
  | { readonly kind: 'email'; readonly domain: string; readonly ignoreCase: boolean }
  | { readonly kind: 'name'; readonly part: NamePart }
  | { readonly kind: 'phone'; /** digits that replace the first ones */ readonly prefix: string }
  | { readonly kind: 'address'; readonly part: AddressPart }
  | { readonly kind: 'text' }
  | { readonly kind: 'number'; readonly by: NumberBound }
  | { readonly kind: 'date'; /** the largest shift */ readonly seconds: number }
  | { readonly kind: 'pseudonym'; readonly scope: string; readonly ignoreCase: boolean }
  | { readonly kind: 'json'; readonly paths: readonly JsonRule[] }
  | { readonly kind: 'fields'; readonly fields: readonly FieldRule[] };

export const nameParts = ['full', 'first', 'last'] as const;
export type NamePart = (typeof nameParts)[number];

export const addressParts = ['full', 'street', 'city', 'postcode'] as const;
export type AddressPart = (typeof addressParts)[number];

/** The largest shift of a number: an amount, or a share of the number itself. */
export type NumberBound = { readonly amount: number } | { readonly share: number };

export interface JsonRule {
  readonly path: JsonPath;
  readonly rule: Rule;
}

/** What becomes of one field of a composite type. */
export interface FieldRule {
  readonly name: string;
  readonly rule: Rule;
}

export interface ColumnRule {
  readonly pattern: ColumnPattern;
  readonly rule: Rule;
  /** where it stands: `masking.yaml, line 7, column 3` */
  readonly place: string;
}

export interface MaskingRules {
  /** the name of the file, for messages */
  readonly file: string;
  /** where the key comes from: `env:NAME`, `file:PATH` or `command:COMMAND` */
  readonly key: string | undefined;
  /** every column needs a rule */
  readonly strict: boolean;
  /** e-mail addresses in whatever no rule masks become this address, or keyed ones under the rule `email` */
  readonly emailAnywhere: Rule | undefined;
  /** comments on tables, columns and the like are kept, and not left out */
  readonly keepComments: boolean;
  /** default values of masked columns may stay */
  readonly keepDefaults: boolean;
  /** what becomes of large objects; undefined: a database that has any is refused */
  readonly largeObjects: 'empty' | 'keep' | undefined;
  /** the first whose pattern fits counts */
  readonly columns: readonly ColumnRule[];
  /** SHA-256 of the file, in hexadecimal */
  readonly digest: string;
}

/** Rules that make the same of every value need no key. */
const keyless: ReadonlySet<Rule['kind']> = new Set(['keep', 'null', 'fixed']);

export function needsKey({ columns, emailAnywhere }: MaskingRules): boolean {
  const needs = (rule: Rule): boolean => {
    if (rule.kind === 'json') return rule.paths.some((path) => needs(path.rule));
    if (rule.kind === 'fields') return rule.fields.some((field) => needs(field.rule));
    return !keyless.has(rule.kind);
  };
  return columns.some(({ rule }) => needs(rule)) || (emailAnywhere !== undefined && needs(emailAnywhere));
}
