/** The SQL that makes a database as the one was that was backed up: its encoding and its locale. */
import type { DatabaseLocale } from '../database/evidence.ts';
import { quoteName, quoteText } from './dump-tokens.ts';

export interface NewDatabase {
  readonly name: string;
  readonly encoding: string;
  /** undefined to leave it to the server */
  readonly locale: DatabaseLocale | undefined;
  /** undefined for whoever makes it */
  readonly owner: string | undefined;
  /** of the server */
  readonly major: number;
}

export function createDatabaseSql({ name, encoding, locale, owner, major }: NewDatabase): string {
  const parts = [
    // template1 may have things of its own, and another encoding
    'TEMPLATE template0',
    `ENCODING ${quoteText(encoding)}`,
    ...(owner === undefined ? [] : [`OWNER ${quoteName(owner)}`]),
    ...(locale ? localeParts(locale, major) : []),
  ];
  return `CREATE DATABASE ${quoteName(name)} WITH ${parts.join(' ')};\n`;
}

function localeParts(
  { provider, collate, ctype, locale, icuRules }: DatabaseLocale,
  major: number,
): string[] {
  const parts = [`LC_COLLATE ${quoteText(collate)}`, `LC_CTYPE ${quoteText(ctype)}`];
  if (major >= 15) parts.unshift(`LOCALE_PROVIDER ${provider}`);
  if (provider === 'icu' && locale !== undefined) parts.push(`ICU_LOCALE ${quoteText(locale)}`);
  if (provider === 'builtin' && locale !== undefined) parts.push(`BUILTIN_LOCALE ${quoteText(locale)}`);
  if (icuRules !== undefined && major >= 16) parts.push(`ICU_RULES ${quoteText(icuRules)}`);
  return parts;
}

/** Asks a server of any version how the current database sorts: a subquery of one JSON value. */
export const localeQuestion = `(select json_strip_nulls(json_build_object(
    'provider', case b.own->>'datlocprovider' when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end,
    'collate', b.own->>'datcollate', 'ctype', b.own->>'datctype',
    'locale', coalesce(b.own->>'datlocale', b.own->>'daticulocale'), 'icuRules', b.own->>'daticurules'))
  from (select to_jsonb(d) as own from pg_catalog.pg_database d where d.datname = current_database()) b)`;
