/** A plain dump that is kept as one file, as parts that can be restored: found in one pass, and read again in another. */
import { HoldfastError } from '../../kernel/errors.ts';
import { filterProcess } from '../../kernel/process.ts';
import { withoutRows } from '../../kernel/row-hash.ts';
import { createRowSum } from '../../kernel/row-sum.ts';
import { toHex } from '../../kernel/hex.ts';
import { createSha256 } from '../../kernel/native/crypto.ts';
import type { ConnectionOptions, StoredDatabase } from '../database/driver.ts';
import type { Evidence, EvidencePart, TableEvidence } from '../database/evidence.ts';
import type { OpenScript } from '../database/script.ts';
import { type DumpPart, splitDump } from './dump-parts.ts';
import { nameAt, readTokens } from './dump-tokens.ts';
import { dumpStatements } from './dump-statements.ts';
import { findProgram } from './programs.ts';
import { withTolerantRoles } from './script-roles.ts';

/** So much of what is not rows is kept in memory from the first pass, bytes. */
const mostKept = 64 * 1024 * 1024;

/** The whole file is read before this resolves. Codes `truncated`, `corrupt`. */
export async function openPlainFile(whole: OpenScript, known: Evidence | undefined): Promise<StoredDatabase> {
  // scripts around pg_dumpall put the roles of the server before the dump
  const open: OpenScript = () => withTolerantRoles(whole());
  const parts: EvidencePart[] = [];
  const tables: TableEvidence[] = [];
  const texts = new Map<string, Buffer>();
  const schema = createSha256();
  let kept = 0;
  for await (const part of splitDump(open())) {
    const { name, kind, table } = part;
    const sum = createRowSum();
    const held: Buffer[] = [];
    let bytes = 0;
    for await (const piece of part.bytes) {
      bytes += piece.length;
      if (table) sum.update(piece);
      else if (kept + bytes <= mostKept) held.push(Buffer.from(piece));
      if (kind === 'before' || kind === 'after') schema.update(piece);
    }
    parts.push({ name, bytes });
    if (table) {
      const tally = sum.end();
      const checksum = withoutRows(tally.checksum, part.framing).toString(16).padStart(16, '0');
      tables.push({
        ...{ schema: table.schema, name: table.table, part: name },
        ...{ rows: tally.rows - part.framing.length, checksum },
      });
    } else if (kept + bytes <= mostKept) {
      kept += bytes;
      texts.set(name, Buffer.concat(held));
    }
  }
  const read = partReader(open, parts, texts);
  const found = { parts, schema: toHex(schema.digest()) };
  const told = await described(texts);
  if (!known) return { evidence: { ...told, ...found, tables }, read };
  const partOf = new Map(tables.map(({ schema, name, part }) => [`${schema}\0${name}`, part]));
  const { format: _format, ...evidence } = known;
  // of a custom archive nothing was seen while it passed
  if (known.format === 'custom') {
    return { evidence: { ...evidence, ...found, sequences: told.sequences, tables }, read };
  }
  const named = known.tables.map((table) => {
    const part = partOf.get(`${table.schema}\0${table.name}`);
    if (part !== undefined) return { ...table, part };
    throw new HoldfastError('corrupt', `the rows of ${table.schema}.${table.name} are not in the dump`);
  });
  return { evidence: { ...evidence, parts, tables: named }, read };
}

/** What a dump tells of itself; texts are its parts by their names. */
async function described(texts: ReadonlyMap<string, Buffer>): Promise<Evidence> {
  const [before = Buffer.alloc(0)] = texts.values();
  const extensions: { name: string; version: string }[] = [];
  let server = '';
  let dumpedBy = '';
  let encoding = 'UTF8';
  for await (const { text, start } of dumpStatements(once(before))) {
    const sql = text.slice(start);
    server ||= /^-- Dumped from database version (.+)$/m.exec(text.slice(0, start))?.[1] ?? '';
    dumpedBy ||= /^-- Dumped by pg_dump version (.+)$/m.exec(text.slice(0, start))?.[1] ?? '';
    encoding = /^SET client_encoding = '([^']+)';/.exec(sql)?.[1] ?? encoding;
    const made = /^CREATE EXTENSION (?:IF NOT EXISTS )?(.+)$/s.exec(sql)?.[1];
    const name = made === undefined ? undefined : nameAt(made, readTokens(made)[0]);
    if (name !== undefined) extensions.push({ name, version: '' });
  }
  const statements = [...texts.values()].flatMap((text) => text.toString().split('\n'));
  return {
    ...{ version: 1, kind: 'postgres', database: '', server, dumpedBy, encoding, extensions },
    ...{ schema: '', parts: [], tables: [] },
    sequences: statements.filter((line) => line.startsWith('SELECT pg_catalog.setval(')),
  };
}

/** Parts that are read in their order are read in one pass. */
function partReader(
  open: OpenScript,
  parts: readonly EvidencePart[],
  texts: ReadonlyMap<string, Buffer>,
): StoredDatabase['read'] {
  const places = new Map(parts.map(({ name }, i) => [name, i]));
  const large = parts.filter(({ name }) => !texts.has(name)).length;
  /** a pass that nobody reads from, and what it comes to next */
  let paused: { readonly pass: AsyncGenerator<DumpPart, void, void>; next: number } | undefined;
  let given = 0;

  return async function* read(name) {
    const text = texts.get(name);
    if (text) return yield text;
    const place = places.get(name);
    if (place === undefined) throw new HoldfastError('corrupt', `${name} is missing in the dump`);
    let running = paused;
    paused = undefined;
    if (!running || running.next > place) {
      await running?.pass.return();
      running = { pass: splitDump(open()), next: 0 };
    }
    let whole = false;
    try {
      for (;;) {
        const { value: part, done } = await running.pass.next();
        if (done) throw new HoldfastError('corrupt', 'the dump is not the same as before');
        running.next++;
        if (part.name === name) {
          yield* part.bytes;
          break;
        }
        for await (const _ of part.bytes);
      }
      whole = true;
    } finally {
      given++;
      if (whole && !paused && given < large) paused = running;
      else await running.pass.return();
    }
  };
}

/** The SQL of an archive in pg_dump's custom format, by pg_restore, which needs no server for it. */
export async function* unpackArchive(
  archive: AsyncIterable<Uint8Array>,
  {
    environment,
    programs,
    signal,
    warn,
  }: Omit<ConnectionOptions, 'password'> & { readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void, void> {
  const { path } = await findProgram('pg_restore', { environment, signal, folder: programs });
  yield* filterProcess(path, ['--file=-'], archive, { env: environment, signal, onWarning: warn });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}
