/** Whether rows that were not put in through SQL keep what the CHECK constraints of their table say. */
import type { DatabaseSync } from 'node:sqlite';
import { HoldfastError } from '../../kernel/errors.ts';
import { readParts } from './schema-sql.ts';
import { quoteName } from './table-shape.ts';

/** Code `failed` when a row of the table, which this statement made, breaks one. */
export function verifyChecks(database: DatabaseSync, table: string, sql: string): void {
  const checks = readChecks(sql);
  if (checks.length === 0) return;
  // NULL breaks none
  const broken = checks.map((check) => `not (${check})`).join(' or ');
  const found = database.prepare(`select rowid from main.${quoteName(table)} where ${broken} limit 1`).get();
  if (found === undefined) return;
  throw new HoldfastError('failed', `the masked rows do not fit: CHECK constraint failed in ${table}`);
}

/** The expressions of a CREATE TABLE statement's CHECK constraints. */
export function readChecks(sql: string): string[] {
  const checks: string[] = [];
  let depth = 0;
  /** the brackets around the constraint that is being read; undefined outside of one */
  let around: number | undefined;
  let text = '';
  let keyword = false;
  for (const { kind, source } of readParts(sql)) {
    if (kind === 'remark') continue;
    // a column of that name stands in quotes
    for (const token of kind === 'code' ? (source.match(/[()]|\w+|\s+|[^()\w\s]+/g) ?? []) : [source]) {
      if (token === ')' && --depth === around) {
        checks.push(text);
        around = undefined;
      }
      if (around !== undefined) text += token;
      else if (token === '(' && keyword) {
        around = depth;
        text = '';
      }
      if (token === '(') depth++;
      if (token.trim() !== '') keyword = token.toLowerCase() === 'check';
    }
    if (around !== undefined) text += ' ';
  }
  return checks;
}
