/**
 * A dump of MySQL for a server of MariaDB, or the other way round: what has a counterpart there is translated, and what has
 * none is named before anything is written.
 */
import { HoldfastError } from '../../kernel/errors.ts';
import type { StoredDatabase } from '../database/driver.ts';
import { type DumpToken, readTokens } from './dump-tokens.ts';
import { programsName, schemaName, viewsName } from './part-name.ts';
import type { Session } from './session.ts';

/** What a server knows. */
export interface Dialect {
  readonly family: 'mysql' | 'mariadb';
  readonly collations: ReadonlySet<string>;
  /** in small letters */
  readonly engines: ReadonlySet<string>;
}

export interface Translated {
  /** each byte a character */
  readonly sql: string;
  /** what it says that the server does not know, each with the table that has it where there is one */
  readonly obstacles: readonly string[];
  /** `utf8mb4_0900_ai_ci becomes utf8mb4_uca1400_nopad_ai_ci` */
  readonly changes: ReadonlySet<string>;
}

const names = { mysql: 'MySQL', mariadb: 'MariaDB' };
/** Modes that the other family has not; they change nothing in programs that both could run. */
const modesAlone = {
  mysql: new Set(['TIME_TRUNCATE_FRACTIONAL']),
  mariadb: new Set(
    'NO_AUTO_CREATE_USER EMPTY_STRING_IS_NULL SIMULTANEOUS_ASSIGNMENT TIME_ROUND_FRACTIONAL IGNORE_BAD_TABLE_OPTIONS NO_FIELD_OPTIONS NO_KEY_OPTIONS NO_TABLE_OPTIONS'.split(
      ' ',
    ),
  ),
};
/** Types of columns that only one family has. */
const typesAlone = { mysql: new Set(['vector']), mariadb: new Set(['uuid', 'inet4', 'inet6', 'vector']) };
/** Types whose default values MySQL wants in brackets. */
const longTypes = /^(?:(?:tiny|medium|long)?(?:text|blob)|json|geometry|point|polygon)$/;

/** What the server of the session knows. */
export async function askDialect(session: Session): Promise<Dialect> {
  const { family, version } = session.server;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const full = family === 'mariadb' && (major > 10 || (major === 10 && minor >= 10));
  const answer = await session.query(
    `select ${full ? 'full_collation_name from information_schema.collation_character_set_applicability' : 'collation_name from information_schema.collations'};
select concat('ENGINE ', lower(engine)) from information_schema.engines where support in ('YES', 'DEFAULT');
`,
    '',
  );
  const lines = answer.split('\n').filter((line) => line !== '');
  const engines = lines.filter((line) => line.startsWith('ENGINE ')).map((line) => line.slice(7));
  return { family, collations: new Set(lines), engines: new Set(engines) };
}

/**
 * The database as the server takes it. Code `unsupported`, with all that stands in the way.
 * @param tables those that are wanted, all when undefined
 */
export async function fitFamily(
  stored: StoredDatabase,
  target: Dialect,
  tables: readonly string[] | undefined,
  warn: (message: string) => void,
): Promise<StoredDatabase> {
  const { evidence, read } = stored;
  const edited = new Map<string, Buffer>();
  const obstacles: string[] = [];
  const changes = new Set<string>();
  for (const { name } of evidence.parts) {
    if (name !== schemaName && name !== programsName && name !== viewsName) continue;
    if (tables && stored.lost?.has(name)) continue;
    const text = Buffer.concat(await Array.fromAsync(read(name), (piece) => Buffer.from(piece)));
    const found = translate(text.toString('latin1'), target, tables);
    edited.set(name, Buffer.from(found.sql, 'latin1'));
    if (name === schemaName || !tables) obstacles.push(...found.obstacles);
    for (const change of found.changes) changes.add(change);
  }
  if (obstacles.length > 0) {
    throw new HoldfastError(
      'unsupported',
      `${names[target.family]} does not take ${[...new Set(obstacles)].join('; ')}`,
      {
        hint: 'restore the other tables by --table, or all of it to a server of the kind that it comes from',
      },
    );
  }
  for (const change of changes) warn(`for ${names[target.family]} ${change}`);
  const [characterSet, collation] = evidence.encoding.split(' ');
  const known = collation === undefined ? undefined : collationFor(collation, target);
  const encoding = known === undefined ? '' : `${characterSet} ${known}`;
  return {
    ...stored,
    evidence: { ...evidence, encoding },
    async *read(part) {
      const text = edited.get(part);
      if (text) yield text;
      else yield* read(part);
    },
  };
}

/** @param sql each byte a character */
export function translate(
  sql: string,
  target: Dialect,
  tables: readonly string[] | undefined = undefined,
): Translated {
  const obstacles: string[] = [];
  const changes = new Set<string>();
  let result = '';
  let copied = 0;
  const replace = ({ start, source }: DumpToken, text: string): void => {
    result += sql.slice(copied, start) + text;
    copied = start + source.length;
  };
  let statement: DumpToken[] = [];
  for (const token of readTokens(sql)) {
    if (token.kind === 'remark') continue;
    if (token.source === ';') {
      obstacles.push(...obstaclesOf(statement, target, tables));
      statement = [];
      continue;
    }
    const [before, equals] = statement.slice(-2);
    if (token.kind === 'word' && isCollation(token.source) && !target.collations.has(token.source)) {
      const other = collationFor(token.source, target);
      if (other === undefined) {
        const table = tableOf(statement);
        if (isWanted(table, tables)) obstacles.push(`${inTable(table)}the collation ${token.source}`);
      } else {
        replace(token, other);
        changes.add(`${token.source} becomes ${other}`);
      }
    } else if (token.kind === 'text' && before?.source === 'sql_mode' && equals?.source === '=') {
      const modes = token.source.slice(1, -1).split(',');
      if (modes.includes('ORACLE') && target.family === 'mysql')
        obstacles.push('programs in the mode ORACLE');
      const alone = modesAlone[target.family === 'mysql' ? 'mariadb' : 'mysql'];
      const kept = modes.filter((mode) => !alone.has(mode));
      if (kept.length < modes.length) replace(token, `'${kept.join(',')}'`);
    }
    statement.push(token);
  }
  return { sql: result + sql.slice(copied), obstacles, changes };
}

/** Of collations that one family alone has, the others pass as they are. */
function isCollation(word: string): boolean {
  return /^[a-z0-9]+_(?:[a-z0-9_]*_)?(?:0900|uca1400|nopad)_[a-z0-9_]+$/.test(word);
}

/** The one of the server that compares like it, by a newer or an older release of the same rules. */
function collationFor(name: string, { collations }: Dialect): string | undefined {
  if (collations.has(name) || !isCollation(name)) return name;
  const [, kind] = /^utf8mb4_(?:0900|uca1400|uca1400_nopad)_(ai_ci|as_ci|as_cs)$/.exec(name) ?? [];
  const candidates = [
    ...(kind === undefined ? [] : [`utf8mb4_uca1400_nopad_${kind}`, `utf8mb4_0900_${kind}`]),
    ...(kind === 'ai_ci' ? ['utf8mb4_unicode_520_nopad_ci'] : []),
    ...(name === 'utf8mb4_0900_bin' ? ['utf8mb4_nopad_bin'] : []),
    ...(name === 'utf8mb4_nopad_bin' ? ['utf8mb4_0900_bin'] : []),
    ...(name === 'utf8mb4_unicode_520_nopad_ci' ? ['utf8mb4_0900_ai_ci'] : []),
  ];
  return candidates.find((candidate) => collations.has(candidate));
}

function obstaclesOf(
  statement: readonly DumpToken[],
  target: Dialect,
  tables: readonly string[] | undefined,
): string[] {
  const at = statement.findIndex(({ source }) => source === 'CREATE');
  const [, what, name] = statement.slice(Math.max(at, 0));
  if (at < 0 || !name) return [];
  if (what!.source === 'SEQUENCE' && target.family === 'mysql') {
    return tables ? [] : [`the sequence ${nameOf(name)}`];
  }
  const table = tableOf(statement);
  if (table === undefined || !isWanted(table, tables)) return [];
  return [...new Set(oddities(statement, target))].map((oddity) => `${inTable(table)}${oddity}`);
}

/** What of a CREATE TABLE the server does not know. */
function oddities(statement: readonly DumpToken[], { family, engines }: Dialect): string[] {
  const found: string[] = [];
  const alone = typesAlone[family === 'mysql' ? 'mariadb' : 'mysql'];
  let column: DumpToken | undefined;
  let type = '';
  let depth = 0;
  for (const [i, { kind, source }] of statement.entries()) {
    const next = statement[i + 1];
    const before = statement[i - 1]?.source;
    if (source === '(') depth++;
    if (source === ')') depth--;
    if (kind === 'name' && depth === 1 && (before === '(' || before === ',')) {
      column = statement[i];
      type = next?.source ?? '';
      if (alone.has(type)) found.push(`the type ${type} of ${nameOf(column!)}`);
    }
    if (kind !== 'word') continue;
    if (source === 'ENGINE' && depth === 0 && next?.source === '=') {
      const engine = statement[i + 2]?.source ?? '';
      if (!engines.has(engine.toLowerCase())) found.push(`the engine ${engine}`);
    }
    if (family === 'mariadb' && source === 'KEY' && depth === 1) {
      const open = statement.findIndex((token, j) => j > i && token.source === '(');
      if (statement[open + 1]?.source === '(') found.push('a key of an expression');
    }
    if (family === 'mysql' && source === 'VERSIONING') found.push('a history of its rows');
    if (family === 'mysql' && source === 'DEFAULT' && depth === 1 && column && next) {
      const call =
        next.kind === 'word' && statement[i + 2]?.source === '(' && !/^current_timestamp$/i.test(next.source);
      const long = longTypes.test(type) && next.source !== 'NULL' && next.source !== '(';
      if (call || long) found.push(`the default value of ${nameOf(column)}`);
    }
  }
  return found;
}

/** The table that a statement makes. */
function tableOf(statement: readonly DumpToken[]): string | undefined {
  const at = statement.findIndex(({ source }) => source === 'CREATE');
  const [, what, name] = at < 0 ? [] : statement.slice(at);
  return what?.source === 'TABLE' && name?.kind === 'name' ? nameOf(name) : undefined;
}

function isWanted(table: string | undefined, tables: readonly string[] | undefined): boolean {
  return !tables || (table !== undefined && tables.includes(table));
}

function inTable(table: string | undefined): string {
  return table === undefined ? '' : `the table ${table}: `;
}

function nameOf({ source }: DumpToken): string {
  return Buffer.from(source.replace(/^`([^]*)`$/, '$1').replaceAll('``', '`'), 'latin1').toString();
}
