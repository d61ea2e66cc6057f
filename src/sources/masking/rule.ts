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
  | { readonly kind: 'json'; readonly paths: readonly JsonRule[] };

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
  /** the first whose pattern fits counts */
  readonly columns: readonly ColumnRule[];
}
