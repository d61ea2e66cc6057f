/** One table of a dump by itself, under another name if wanted: its structure and its rows. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { StoredDatabase } from '../database/driver.ts';
import { requireRows } from '../database/lost-parts.ts';
import { quoteIdentifier, readIdentifier } from './identifier.ts';
import { schemaName } from './part-name.ts';

export interface TableCopy {
  readonly name: string;
  readonly newName: string;
}

const quotedName = '"(?:[^"]|"")+"|`(?:[^`]|``)+`|[^="`]+';

/** `orders`, `orders=old_orders`, `"a=b"=c`. Code `usage`. */
export function parseTableCopy(text: string): TableCopy {
  const [, from, to] = new RegExp(`^(${quotedName})(?:=(${quotedName}))?$`, 's').exec(text) ?? [];
  if (from === undefined) {
    throw new HoldfastError('usage', `--table: "${text}" names nothing`, {
      hint: 'write TABLE or TABLE=OTHER, odd names in double quotes',
    });
  }
  return { name: unquoted(from), newName: unquoted(to ?? from) };
}

function unquoted(name: string): string {
  const quote = name[0]!;
  return quote === '"' || quote === '`' ? name.slice(1, -1).replaceAll(quote + quote, quote) : name;
}

/** What stands before all structure, and the structure of each table; both as the dump has them. */
export interface Structures {
  readonly beginning: string;
  readonly tables: ReadonlyMap<string, string>;
}

const heading =
  /^--\n-- (?:Table structure for table|Temporary (?:table|view) structure for view|Sequence structure for) `/m;

export async function readStructures({ read }: StoredDatabase): Promise<Structures> {
  const bytes = Buffer.concat(await Array.fromAsync(read(schemaName), (piece) => Buffer.from(piece)));
  const [beginning = '', ...sections] = bytes.toString().split(new RegExp(`(?=${heading.source})`, 'm'));
  const tables = new Map<string, string>();
  for (const section of sections) {
    const at = section.search(/^CREATE TABLE `/m);
    const name = at < 0 ? undefined : readIdentifier(section, at + 'CREATE TABLE '.length)?.name;
    if (name !== undefined) tables.set(name, section);
  }
  return { beginning, tables };
}

/** Some tables as one stream that the client takes. Codes `not-found`, `usage`, `unsupported` for a dump in one file. */
export async function dumpTables(
  stored: StoredDatabase,
  tables: readonly string[],
): Promise<AsyncIterable<Uint8Array>> {
  if (stored.evidence.format) {
    throw new HoldfastError('unsupported', 'the database is kept as one file, which is restored as it is', {
      hint: 'go without --table; a backup that writes no archive beside the repository has it in parts',
    });
  }
  const copies = tables.map(parseTableCopy);
  const structures = await readStructures(stored);
  requireTables(structures, copies, stored);
  return (async function* () {
    for (const [i, copy] of copies.entries()) {
      yield* copyTable(stored, i === 0 ? structures : { ...structures, beginning: '' }, copy);
    }
  })();
}

/** Codes `not-found` when one of them is not in the snapshot, `corrupt` when its rows are lost. */
export function requireTables(
  { tables }: Structures,
  copies: readonly TableCopy[],
  stored: StoredDatabase,
): void {
  const unknown = copies.find(({ name }) => !tables.has(name));
  if (!unknown) {
    const wanted = new Set(copies.map(({ name }) => name));
    requireRows(
      stored,
      stored.evidence.tables.filter(({ name }) => wanted.has(name)),
    );
    return;
  }
  throw new HoldfastError('not-found', `the snapshot has no table ${unknown.name}`, {
    hint: '`holdfast show SNAPSHOT` names those that it has',
  });
}

/** The statements that make the table and fill it. */
export async function* copyTable(
  { evidence, read }: StoredDatabase,
  { beginning, tables }: Structures,
  { name, newName }: TableCopy,
): AsyncGenerator<Uint8Array, void, void> {
  yield Buffer.from(beginning);
  yield Buffer.from(renamed(tables.get(name)!, name, newName));
  const part = evidence.tables.find((table) => table.name === name)?.part;
  if (part === undefined) return;
  if (name === newName) yield* read(part);
  else {
    const [from, to] = [quoteIdentifier(name), quoteIdentifier(newName)];
    yield* replaced(read(part), [
      [`\nINSERT INTO ${from}`, `\nINSERT INTO ${to}`],
      [`\n/*!40000 ALTER TABLE ${from}`, `\n/*!40000 ALTER TABLE ${to}`],
    ]);
  }
}

function renamed(structure: string, name: string, newName: string): string {
  if (name === newName) return structure;
  const [from, to] = [quoteIdentifier(name), quoteIdentifier(newName)];
  return structure
    .split('\n')
    .map((line) => {
      // names of constraints belong to the database: the first table has them
      const unnamed = line.replace(/^(  )CONSTRAINT `(?:[^`]|``)*` (?=FOREIGN KEY |CHECK )/, '$1');
      return unnamed.replace(` REFERENCES ${from} (`, () => ` REFERENCES ${to} (`);
    })
    .join('\n')
    .replace(`\nCREATE TABLE ${from}`, () => `\nCREATE TABLE ${to}`);
}

/** Lines of rows have no line feeds in them: what begins with one stands at the beginning of a line. */
async function* replaced(
  pieces: AsyncIterable<Uint8Array>,
  pairs: readonly (readonly [from: string, to: string])[],
): AsyncGenerator<Uint8Array, void, void> {
  const changes = pairs.map(([from, to]) => ({ from: Buffer.from(from), to: Buffer.from(to) }));
  const overlap = Math.max(...changes.map(({ from }) => from.length)) - 1;
  let held: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    let bytes = Buffer.concat([held, piece]);
    for (;;) {
      const next = changes
        .map((change) => ({ ...change, at: bytes.indexOf(change.from) }))
        .filter(({ at }) => at >= 0)
        .sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      yield bytes.subarray(0, next.at);
      yield next.to;
      bytes = bytes.subarray(next.at + next.from.length);
    }
    const kept = Math.min(overlap, bytes.length);
    yield bytes.subarray(0, bytes.length - kept);
    held = Buffer.from(bytes.subarray(bytes.length - kept));
  }
  yield held;
}
