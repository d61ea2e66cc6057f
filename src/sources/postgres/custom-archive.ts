/**
 * A dump in pg_dump's custom format, version 1.14, which pg_restore reads from PostgreSQL 12 on. It is written from the
 * plain parts as they pass, without a server: https://github.com/postgres/postgres, src/bin/pg_dump/pg_backup_custom.c.
 */
import { HoldfastError } from '../../kernel/errors.ts';
import type { StoredDatabase } from '../database/driver.ts';
import { createLineInput, type LineInput } from '../database/line-input.ts';
import { type ArchiveEntry, createArchiveEntries } from './archive-entries.ts';
import { createDatabaseSql } from './create-database.ts';
import { objectKey } from './dump-names.ts';
import { endOfRows } from './dump-parts.ts';
import { dumpStatements } from './dump-statements.ts';
import { quoteName, quoteText, toDumpBytes } from './dump-tokens.ts';
import { joinedParts } from './load-dump.ts';

/** The table of contents, which comes first, has large objects in it as SQL: so many bytes of it are held in memory. */
const largestText = 256 * 1024 * 1024;
const sections = { before: 2, data: 3, after: 4 } as const;
const dataFollows = 1;
const noData = 3;
const blockOfRows = 1;

export async function* customArchive(stored: StoredDatabase): AsyncGenerator<Uint8Array, void, void> {
  const { evidence } = stored;
  const texts = evidence.parts.filter(({ name }) => !name.startsWith('2-data.'));
  if (texts.reduce((sum, { bytes }) => sum + bytes, 0) > largestText) {
    throw new HoldfastError(
      'unsupported',
      'the schema and the large objects are too large for a custom archive',
      {
        hint: 'dump it as SQL, which psql takes',
      },
    );
  }
  const contents = createArchiveEntries();
  preamble(stored, contents);
  const firstAfter = texts.findIndex(({ name }) => !name.startsWith('1-'));
  const before = firstAfter < 0 ? texts : texts.slice(0, firstAfter);
  for await (const statement of dumpStatements(joinedParts(stored, before)))
    contents.statement(statement, 'before');
  contents.finish();
  const rows = new Map<number, string>();
  for (const { schema, name, part } of evidence.tables) {
    const { statement } = await readHead(createLineInput(stored.read(part)));
    const [namespace, tag] = [toDumpBytes(schema, evidence.encoding), toDumpBytes(name, evidence.encoding)];
    const table = contents.tableId(objectKey(namespace, tag));
    const id = contents.add({
      ...{
        section: 'data',
        tag,
        type: 'TABLE DATA',
        definition: '',
        drop: '',
        copy: statement,
        schema: namespace,
      },
      ...{
        tablespace: undefined,
        accessMethod: undefined,
        owner: '',
        needs: table === undefined ? [] : [table],
      },
    });
    rows.set(id, part);
  }
  for await (const statement of dumpStatements(joinedParts(stored, texts.slice(before.length)))) {
    const sql = statement.text.slice(statement.start);
    // a statement of the archive is a transaction by itself
    if (/^(?:BEGIN|COMMIT);$/.test(sql)) continue;
    const type = statement.heading?.type ?? '';
    contents.statement(statement, /^(?:SEQUENCE SET|BLOB)/.test(type) ? 'data' : 'after');
  }
  contents.finish();

  yield head(stored);
  yield number(contents.entries.length);
  for (const entry of contents.entries) yield described(entry, rows.has(entry.id));
  for (const [id, part] of rows) {
    yield Buffer.concat([Buffer.from([blockOfRows]), number(id)]);
    const input = createLineInput(stored.read(part));
    await readHead(input);
    const missing = (): HoldfastError => new HoldfastError('truncated', 'the rows of a table have no end');
    for await (const piece of input.until(endOfRows, missing)) {
      yield number(piece.length);
      yield piece;
    }
    yield number(2);
    yield Buffer.from('\n\n');
    yield number(0);
  }
}

function preamble({ evidence }: StoredDatabase, { add }: ReturnType<typeof createArchiveEntries>): void {
  const { database: name, encoding, locale } = evidence;
  const none = { copy: undefined, schema: undefined, tablespace: undefined, accessMethod: undefined };
  const setting = (type: string, definition: string, drop = '', tag = type): void => {
    add({ ...none, section: 'before', tag, type, definition, drop, owner: '', needs: [] });
  };
  setting('ENCODING', `SET client_encoding = ${quoteText(encoding)};\n`);
  setting('STDSTRINGS', "SET standard_conforming_strings = 'on';\n");
  setting('SEARCHPATH', "SELECT pg_catalog.set_config('search_path', '', false);\n");
  const major = Number.parseInt(evidence.server, 10);
  const made = createDatabaseSql({ name, encoding, locale, owner: undefined, major });
  setting(
    'DATABASE',
    toDumpBytes(made),
    toDumpBytes(`DROP DATABASE ${quoteName(name)};\n`),
    toDumpBytes(name),
  );
}

/** Reads on to the rows, and gives the statement that loads them. */
async function readHead(input: LineInput): Promise<{ statement: string }> {
  let head = '';
  for (;;) {
    const line = await input.line();
    if (!line) throw new HoldfastError('corrupt', 'a part of the dump has no rows in it');
    head += line.toString('latin1');
    if (head.endsWith(' FROM stdin;\n')) return { statement: head.slice(head.indexOf('\nCOPY ') + 1) };
  }
}

function head({ evidence }: StoredDatabase): Buffer {
  const [bytesOfNumber, bytesOfPlace, custom] = [4, 8, 1];
  const uncompressed = number(0);
  // the time of the dump is that of the snapshot, which a dump in SQL does not tell either
  const noTime = [0, 0, 0, 1, 0, 100, 0].map(number);
  return Buffer.concat([
    Buffer.from('PGDMP'),
    Buffer.from([1, 14, 0, bytesOfNumber, bytesOfPlace, custom]),
    ...[uncompressed, ...noTime],
    ...[toDumpBytes(evidence.database), evidence.server, evidence.dumpedBy].map(text),
  ]);
}

function described(entry: ArchiveEntry, hasData: boolean): Buffer {
  const { schema, tablespace, accessMethod, copy } = entry;
  return Buffer.concat([
    ...[number(entry.id), number(hasData ? 1 : 0), text('0'), text('0'), text(entry.tag), text(entry.type)],
    ...[number(sections[entry.section]), text(entry.definition), text(entry.drop), text(copy), text(schema)],
    ...[text(tablespace), text(accessMethod), text(entry.owner), text('false')],
    ...[...entry.needs.map((id) => text(String(id))), text(undefined)],
    ...[Buffer.from([hasData ? dataFollows : noData]), Buffer.alloc(8)],
  ]);
}

/** A sign and four bytes, the lowest first. */
function number(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  if (value < 0) bytes[0] = 1;
  bytes.writeUInt32LE(Math.abs(value), 1);
  return bytes;
}

function text(value: string | undefined): Buffer {
  if (value === undefined) return number(-1);
  return Buffer.concat([number(value.length), Buffer.from(value, 'latin1')]);
}
