/**
 * A live database of MySQL or MariaDB as a source: the stock mysqldump or mariadb-dump, its stream split into parts as
 * it passes.
 */
import { beginNow } from '../../kernel/begin-now.ts';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import { createSha256 } from '../../kernel/native/crypto.ts';
import { readProcess } from '../../kernel/process.ts';
import { createRowSum } from '../../kernel/row-sum.ts';
import { type BlockChoice, chooseBlockSize } from '../database/block-size.ts';
import { blocksBefore, tableKey } from '../database/blocks-before.ts';
import type { DatabaseSourceOptions } from '../database/driver.ts';
import {
  encodeEvidence,
  type Evidence,
  evidenceName,
  type EvidencePart,
  globalsName,
  type TableEvidence,
} from '../database/evidence.ts';
import type { Entry, RowTally } from '../entry.ts';
import { nameInPath } from '../database/name-in-path.ts';
import { collectText } from '../masking/schema-text.ts';
import type { PreviousFile, Source } from '../source.ts';
import { dumpAccounts } from './accounts.ts';
import type { MysqlConnection } from './connection.ts';
import { namedText, planCopy, refuseCopied, specialColumns } from './copied-rows.ts';
import { askDatabase, type TableFacts } from './database-facts.ts';
import { programArguments, tableArguments } from './dump-arguments.ts';
import { splitDump, type TablePart } from './dump-parts.ts';
import { nameOwnSequences } from './own-sequences.ts';
import { partName, programsName, schemaName, viewsName } from './part-name.ts';
import { findProgram } from './programs.ts';
import { askSight } from './rights.ts';
import { schemaHash, tableDetails } from './schema-text.ts';
import { openSession, type Session } from './session.ts';
import { createMysqlMasker } from './part-masker.ts';
import { chooseTables, namesTables } from './table-choice.ts';

export interface MysqlSourceOptions extends DatabaseSourceOptions {
  readonly connection: MysqlConnection;
  /** where the database stands in the snapshot, absolute */
  readonly folder: string;
}

/** Only whoever may read the database may read its rows in a restored folder. */
const permissions = 0o600;
/** Triggers, routines and events are kept until the rows have passed. */
const mostPrograms = 256 * 1024 * 1024;

export function mysqlSource(options: MysqlSourceOptions): Source {
  const name = options.connection.family === 'mysql' ? 'mysqldump' : 'mariadb-dump';
  return { name, startsEarly: true, entries: (signal, previous) => entries(options, signal, previous) };
}

async function* entries(
  options: MysqlSourceOptions,
  signal: AbortSignal,
  previous: PreviousFile | undefined,
): AsyncGenerator<Entry, void, void> {
  const { connection, folder, modified, warn } = options;
  await using session = await openSession(connection, { ...options, signal });
  const [facts, dumper, { lacking, events }, special] = await Promise.all([
    askDatabase(session),
    findProgram('dump', session.search, session.server),
    askSight(session, namesTables(options)),
    specialColumns(session),
  ]);
  const chosen = chooseTables(facts.tables, options);
  const taken = facts.tables.filter(({ name }) => !chosen.left.includes(name));
  warnOfEngines(taken, warn);
  warnOfHistory(taken, warn);
  for (const lack of lacking) (options.leftOut ?? warn)(lack);
  const sizes = new Map(taken.map(({ name, bytes }) => [name, bytes]));
  const withRows = taken.filter(({ name, kind }) => kind === 'table' && !chosen.withoutRows.has(name));
  const bytes = special && planCopy(withRows, special);
  // what masks the rows reads them in letters
  const areCopied = bytes !== undefined && (!options.masking || bytes.size === 0);
  const enter = session.enter(dumper);
  const tableOptions = tableArguments(connection.database, dumper.family, chosen, areCopied);
  const run = (until: AbortSignal): AsyncGenerator<Uint8Array, void, void> => {
    const watched = { ...session.child, signal: until, onWarning: warn };
    const dump = readProcess(dumper.path, [...enter, ...tableOptions], watched);
    return areCopied ? namedText(dump) : dump;
  };
  // it goes on while other things are asked for
  await using begun = options.masking ? undefined : beginNow(run, signal);
  // first, because they are few and what a user lacks a right to is often among them
  const [programs, globals] = await Promise.all([
    collect(
      readProcess(
        dumper.path,
        [...enter, ...programArguments(connection.database, dumper.family, chosen, events)],
        session.child,
      ),
    ),
    options.globals === false || options.masking ? undefined : accounts(session, warn),
  ]);
  if (globals) yield entry(globalsName, { kind: 'stream', bytes: once(globals) });

  const before = await blocksBefore(folder, previous, warn);
  const masker =
    options.masking &&
    createMysqlMasker(
      options.masking,
      await collectText([readProcess(dumper.path, [...enter, '--no-data', ...tableOptions], session.child)]),
    );
  const texts = new Map<string, Uint8Array>([[programsName, programs]]);
  const parts: EvidencePart[] = [];
  const tables: TableEvidence[] = [];
  const used = new Set<string>();
  const dumped = begun ?? masker!.maskDump(run(signal));
  const splitting = areCopied ? { bytes } : {};
  const own = (text: Uint8Array): Uint8Array => nameOwnSequences(text, connection.database);
  const oneFile = options.format === undefined ? undefined : `${nameInPath(connection.database)}.sql`;
  if (options.format === 'custom') {
    throw new HoldfastError('usage', 'MySQL and MariaDB have no custom format');
  }
  const { blockSize } = chooseBlockSize(0, undefined);
  if (oneFile !== undefined) {
    const done = ({ bytes }: RowTally): void => void parts.push({ name: oneFile, bytes });
    yield entry(oneFile, { kind: 'rows', bytes: joined(oneFile), blockSize, done });
  } else {
    for await (const part of splitDump(dumped, splitting)) {
      if (part.kind !== 'table') {
        texts.set(part.kind === 'schema' ? schemaName : viewsName, own(part.text));
      } else if (chosen.withoutRows.has(part.table)) {
        for await (const _ of part.bytes);
      } else {
        yield* table(part);
      }
    }
    refuseMissing(taken, tables, chosen.withoutRows);
    if (masker) for (const [name, text] of texts) texts.set(name, masker.maskText(name, text));
    for (const [name, text] of texts) {
      yield entry(name, { kind: 'rows', bytes: once(text), blockSize });
    }
  }
  const schema = texts.get(schemaName)!;
  if (areCopied) refuseCopied(withRows, (await specialColumns(session))!, bytes, schema);
  const details = tableDetails(schema);
  const sized = (name: string): EvidencePart => ({ name, bytes: texts.get(name)!.length });
  const evidence: Evidence = {
    version: 1,
    kind: session.server.family,
    database: connection.database,
    server: session.server.fullVersion,
    dumpedBy: dumper.version,
    encoding: `${facts.characterSet} ${facts.collation}`,
    extensions: [],
    schema: schemaHash(createSha256(), [schema, texts.get(programsName)!, texts.get(viewsName)!]),
    sequences: [],
    parts:
      oneFile === undefined ? [sized(schemaName), ...parts, sized(programsName), sized(viewsName)] : parts,
    ...(oneFile !== undefined && { format: 'sql' }),
    ...(chosen.choices && { choices: chosen.choices }),
    ...(globals && { globals: { name: globalsName, bytes: globals.length, passwords: true } }),
    tables: tables.map((table) => ({ ...table, ...details.get(table.name) })),
    ...(options.masking && { masked: { rules: options.masking.rules.digest, programs: true } }),
    ...(lacking.length > 0 && { leftOut: lacking }),
  };
  yield entry(evidenceName, { kind: 'stream', bytes: once(encodeEvidence(evidence)) });

  function entry(name: string, content: Entry['content']): Entry {
    return { path: Buffer.from(`${folder}/${name}`), permissions, modified, content };
  }

  /** All of it in an order in which a client takes it: structure and rows as they come, what uses them, and views at last. */
  async function* joined(name: string): AsyncGenerator<Uint8Array, void, void> {
    const masked = (part: string, text: Uint8Array): Uint8Array =>
      masker ? masker.maskText(part, text) : text;
    const schema: Uint8Array[] = [];
    const sum = createRowSum();
    for await (const part of splitDump(dumped, { ...splitting, inOrder: true })) {
      if (part.kind === 'schema') {
        const text = masked(schemaName, own(part.text));
        schema.push(text);
        yield text;
      } else if (part.kind === 'views') {
        texts.set(viewsName, masked(viewsName, part.text));
      } else if (part.kind !== 'table' || chosen.withoutRows.has(part.table)) {
        if (part.kind === 'table') for await (const _ of part.bytes);
      } else {
        let bytes = 0;
        for await (const piece of part.bytes) {
          sum.update(piece);
          bytes += piece.length;
          yield piece;
        }
        const choice = chooseBlockSize(sizes.get(part.table) ?? 0, undefined);
        tables.push(seen(part, name, { ...sum.end(), bytes }, choice));
      }
    }
    refuseMissing(taken, tables, chosen.withoutRows);
    texts.set(schemaName, Buffer.concat(schema));
    texts.set(programsName, masked(programsName, programs));
    yield texts.get(programsName)!;
    yield texts.get(viewsName)!;
  }

  function* table(part: TablePart): Generator<Entry, void, void> {
    const name = partName(part.table, used);
    const choice = chooseBlockSize(sizes.get(part.table) ?? 0, before.get(tableKey('', part.table)));
    yield entry(name, {
      kind: 'rows',
      bytes: part.bytes,
      blockSize: choice.blockSize,
      inPieces: true,
      done: (tally) => {
        parts.push({ name, bytes: tally.bytes });
        tables.push(seen(part, name, tally, choice));
      },
    });
  }
}

function seen(
  { table, framing }: TablePart,
  part: string,
  tally: RowTally,
  choice: BlockChoice,
): TableEvidence {
  const { rows, checksum } = framing.rowsOf(tally);
  return {
    schema: '',
    name: table,
    part,
    rows,
    checksum: checksum.toString(16).padStart(16, '0'),
    ...choice,
  };
}

/** A transaction does not hold still what knows no transactions. */
function warnOfEngines(tables: readonly TableFacts[], warn: (message: string) => void): void {
  const moving = tables.filter(({ kind, isTransactional }) => kind === 'table' && !isTransactional);
  if (moving.length === 0) return;
  const named = enumerated(moving.map(({ name, engine }) => `${name} (${engine})`));
  warn(`may change while they are read, for their engines know no transactions: ${named}`);
}

/** A dump has the rows of the moment alone. */
function warnOfHistory(tables: readonly TableFacts[], warn: (message: string) => void): void {
  const versioned = tables.filter(({ keepsHistory }) => keepsHistory);
  if (versioned.length === 0) return;
  warn(`stored without the history of their rows: ${enumerated(versioned.map(({ name }) => name))}`);
}

function enumerated(names: readonly string[]): string {
  const shown = names.slice(0, 20);
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : '';
  return shown.join(', ') + more;
}

/** Somebody who drops a table at the wrong moment can make a dump lack something. */
function refuseMissing(
  taken: readonly TableFacts[],
  tables: readonly TableEvidence[],
  withoutRows: ReadonlySet<string>,
): void {
  const passed = new Set(tables.map(({ name }) => name));
  const missing = taken.find(
    ({ name, kind }) => kind === 'table' && !passed.has(name) && !withoutRows.has(name),
  );
  if (missing) throw new HoldfastError('failed', `the rows of the table ${missing.name} are not in the dump`);
}

/** Users and grants; undefined, with a warning, when this user may not see them. */
async function accounts(session: Session, warn: (message: string) => void): Promise<Uint8Array | undefined> {
  try {
    return await dumpAccounts(session);
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'failed') throw error;
    // the program tells the whole of its question before the reason
    const reason = messageOf(error).replace(/Couldn't execute '[^]*': /, '');
    warn(`users and grants are left out: ${reason}`);
    return undefined;
  }
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const kept: Buffer[] = [];
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    if (size > mostPrograms)
      throw new HoldfastError('failed', 'triggers and routines are too large to be true');
    kept.push(Buffer.from(piece));
  }
  return Buffer.concat(kept);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}
