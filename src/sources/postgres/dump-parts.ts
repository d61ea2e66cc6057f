/**
 * Splits the plain dump that pg_dump writes into parts as it passes: the schema before the data, the rows of each
 * table, sequences, large objects, the schema after the data. One after the other they are the dump again.
 */
import { HoldfastError } from '../../kernel/errors.ts';
import { type CopyTarget, parseCopy, partName } from './copy-statement.ts';
import { decodeName } from './dump-tokens.ts';
import { createLineInput } from '../database/line-input.ts';

export interface DumpPart {
  readonly kind: Section;
  /** of the file in the snapshot: in the order of these names the parts are a dump too */
  readonly name: string;
  /** to be read once, whole, before the next part is asked for; a piece is valid until the next one */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** whose rows these are, when the kind is `table` */
  readonly table: CopyTarget | undefined;
  /** of a table's part: the lines that are no rows, once all of it was read */
  readonly framing: readonly Uint8Array[];
}

export type Section = 'before' | 'table' | 'sequences' | 'large-objects' | 'after';

const sectionNames: Readonly<Record<Exclude<Section, 'table'>, string>> = {
  before: '1-schema.sql',
  sequences: '3-sequences.sql',
  'large-objects': '4-large-objects.sql',
  after: '5-schema.sql',
};

/** Every dump has a random word here, which would make two dumps of the same data differ. */
export const plainRestrictWord = 'holdfast';

/** From the line end of the last row on. */
export const endOfRows = Buffer.from('\n\\.\n');
const dashes = Buffer.from('--\n');
/** Text is handed on in pieces of about this, bytes. */
const textPiece = 64 * 1024;
/** Lines that may stand between the heading of a table and the statement that begins its rows. */
const mostLinesBeforeRows = 16;
/** The random word stands within so many lines from the start. */
const mostLinesBeforeRestrict = 16;
/** The statement itself is not longer: 1,600 columns with names of 63 bytes. */
const longestStatement = 1024 * 1024;

/** What was read and belongs to the next part. */
interface Begun {
  lines: Buffer[];
  section: Section;
}

/** The parts in the order of the dump. Code `truncated` when the dump ends before its end. */
export async function* splitDump(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<DumpPart, void, void> {
  const input = createLineInput(pieces);
  const used = new Map<string, number>();
  let anyData = false;
  let complete = false;
  /** lines of text so far, and the random word in one of the first */
  let lines = 0;
  let word: string | undefined;
  let begun: Begun | undefined = { lines: [], section: 'before' };

  while (begun) {
    if (begun.section === 'table') {
      const target = await readStatement(begun.lines);
      if (!target) begun.section = otherSection();
      else yield tablePart(target, begun.lines);
      if (target) continue;
    }
    anyData ||= begun.section !== 'before';
    const { section, lines }: Begun = begun;
    begun = undefined;
    const name = unique(sectionNames[section as Exclude<Section, 'table'>]);
    yield { kind: section, name, bytes: text(lines, section), table: undefined, framing: [] };
  }
  if (!complete) throw new HoldfastError('truncated', 'the dump ends before its end');

  function otherSection(): Section {
    return anyData ? 'after' : 'before';
  }

  function unique(name: string): string {
    const count = (used.get(name) ?? 0) + 1;
    used.set(name, count);
    return count === 1 ? name : name.replace(/\.sql$/, `~${count}.sql`);
  }

  /** Reads on to the statement that begins a table's rows; undefined when there is none. */
  async function readStatement(lines: Buffer[]): Promise<CopyTarget | undefined> {
    for (let count = 0; count < mostLinesBeforeRows; count++) {
      const line = await input.line();
      if (!line) return undefined;
      lines.push(line);
      if (line.length > 1 && line[0] !== 0x2d) break;
    }
    let statement = decodeName(lines.at(-1)!);
    if (!statement.startsWith('COPY ')) return undefined;
    // names may have line feeds in them
    while (!statement.endsWith(' FROM stdin;\n') && statement.length < longestStatement) {
      const line = await input.line();
      if (!line) return undefined;
      lines.push(line);
      statement += decodeName(line);
    }
    return parseCopy(statement);
  }

  function tablePart(table: CopyTarget, lines: readonly Buffer[]): DumpPart {
    anyData = true;
    begun = undefined;
    const framing: Buffer[] = [...lines, endOfRows.subarray(1)];
    const cutOff = () =>
      new HoldfastError('truncated', `the dump ends among the rows of ${table.schema}.${table.table}`);
    async function* bytes(): AsyncGenerator<Uint8Array, void, void> {
      yield Buffer.concat(lines);
      yield* input.until(endOfRows, cutOff);
      for await (const line of linesOf('table')) {
        framing.push(line);
        yield line;
      }
    }
    return { kind: 'table', name: unique(partName(table)), bytes: bytes(), table, framing };
  }

  async function* text(lines: readonly Buffer[], section: Section): AsyncGenerator<Uint8Array, void, void> {
    let held: Buffer[] = [...lines];
    let size = 0;
    for await (const line of linesOf(section)) {
      held.push(line);
      size += line.length;
      if (size < textPiece) continue;
      yield Buffer.concat(held);
      held = [];
      size = 0;
    }
    if (held.length > 0) yield Buffer.concat(held);
  }

  /** The lines up to the heading of another section, which are left in `begun`. */
  async function* linesOf(section: Section): AsyncGenerator<Buffer, void, void> {
    for (;;) {
      const line = await input.line();
      if (!line) return;
      if (!line.equals(dashes)) {
        yield normalised(line);
        continue;
      }
      const next = await input.line();
      const found = next && headed(next);
      if (next && found !== undefined && (section === 'table' || found !== section)) {
        begun = { lines: [line, next], section: found };
        return;
      }
      yield line;
      if (next) yield normalised(next);
    }
  }

  /** The line, with the plain word for the random one at either end of the dump. */
  function normalised(line: Buffer): Buffer {
    lines++;
    if (line[0] !== 0x5c) return line;
    const [, command, found] =
      /^\\(restrict|unrestrict) ([A-Za-z0-9]+)\n$/.exec(line.toString('latin1')) ?? [];
    if (command === 'restrict' && word === undefined && lines <= mostLinesBeforeRestrict) word = found;
    else if (command !== 'unrestrict' || !complete || found !== word) return line;
    return Buffer.from(`\\${command} ${plainRestrictWord}\n`);
  }

  /** The section that a line behind dashes begins; undefined when it is no heading. */
  function headed(line: Buffer): Section | undefined {
    if (line[0] !== 0x2d || line[1] !== 0x2d) return undefined;
    const heading = line.toString('latin1');
    if (heading === '-- PostgreSQL database dump complete\n') {
      complete = true;
      return otherSection();
    }
    const [, data, name, type] = /^-- (Data for )?Name: (.*); Type: ([A-Z ]+); Schema: /.exec(heading) ?? [];
    if (type === undefined) return undefined;
    if (type === 'TABLE DATA') return 'table';
    if (type === 'SEQUENCE SET') return 'sequences';
    // from version 17 on they are made, owned and commented among the data
    const large = type.startsWith('BLOB') || name!.startsWith('LARGE OBJECT');
    return large && (anyData || data !== undefined) ? 'large-objects' : otherSection();
  }
}
