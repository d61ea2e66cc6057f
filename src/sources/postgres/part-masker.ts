/** Masks the parts of a PostgreSQL dump: rows by their columns' rules, the schema as far as that can be done. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { StoredDatabase } from '../database/driver.ts';
import { createLineInput } from '../database/line-input.ts';
import { anywhereMasker } from '../masking/column-maskers.ts';
import type { TableShape } from '../masking/column-type.ts';
import { createRowMasker } from '../masking/copy-rows.ts';
import type { Masking, PartMasker } from '../masking/masking.ts';
import { maskRows } from '../masking/row-stream.ts';
import { checkDatabase, refuseLargeObjects } from '../masking/rule-conflicts.ts';
import { collectText } from '../masking/schema-text.ts';
import { parseCopyColumns } from './copy-statement.ts';
import { endOfRows } from './dump-parts.ts';
import { countComments, maskLargeObjects, maskSchemaText } from './masked-text.ts';
import { refuseOneFile } from './one-file.ts';
import { readSchemaShape } from './schema-tables.ts';

const longestStatement = 1024 * 1024;

/** `schema` is all of it, before and after the rows. Codes as of `checkDatabase`: nothing was read or written then. */
export function createPostgresMasker(masking: Masking, schema: string): PartMasker {
  const { rules, key, warn } = masking;
  const shape = readSchemaShape(schema);
  checkDatabase(rules, shape, warn);
  const comments = rules.keepComments ? 0 : countComments(schema);
  if (comments > 0) warn(`comments on tables, columns and the like are left out: ${comments}`);
  const tables = new Map(shape.tables.map((table) => [`${table.schema ?? ''}\0${table.name}`, table]));
  const emails = anywhereMasker(rules, key);
  // a rule that does not fit its column is found now
  for (const table of shape.tables) createRowMasker(rules, key, table);

  async function* maskTable(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    const input = createLineInput(bytes);
    const { head, table } = await readHead(input);
    yield head;
    const rows = input.until(
      endOfRows,
      () => new HoldfastError('truncated', 'the rows of a table have no end'),
    );
    yield* maskRows(rows, createRowMasker(rules, key, table));
    for (let line = await input.line(); line; line = await input.line()) {
      if (line.toString().trim() !== '') {
        throw new HoldfastError(
          'unsupported',
          'the dump has something behind rows that masking does not know',
        );
      }
      yield line;
    }
  }

  async function readHead(
    input: ReturnType<typeof createLineInput>,
  ): Promise<{ head: Uint8Array; table: TableShape }> {
    const lines: Buffer[] = [];
    let size = 0;
    for (;;) {
      const line = await input.line();
      if (!line || (size += line.length) > longestStatement) {
        throw new HoldfastError('corrupt', 'a part of the dump has no rows in it');
      }
      lines.push(line);
      const head = Buffer.concat(lines);
      const copy =
        line.toString('latin1').endsWith(' FROM stdin;\n') && parseCopyColumns(head.toString('latin1'));
      if (!copy) continue;
      const known = tables.get(`${copy.schema}\0${copy.table}`);
      const columns = copy.columns.map((name) => known?.columns.find((column) => column.name === name));
      if (!known || columns.includes(undefined)) {
        throw new HoldfastError(
          'failed',
          `the columns of ${copy.schema}.${copy.table} are not those of the schema`,
          {
            hint: 'the schema changed while the database was read; try again',
          },
        );
      }
      return { head, table: { ...known, columns: columns as TableShape['columns'] } };
    }
  }

  async function* maskText(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    yield Buffer.from(maskSchemaText(await collectText([bytes]), rules, emails), 'latin1');
  }

  return {
    mask(part, bytes) {
      if (part.startsWith('2-')) return maskTable(bytes);
      if (part.startsWith('4-')) return maskLargeObjects(linesOf(bytes), rules, emails);
      if (/^[135]-/.test(part)) return maskText(bytes);
      throw new HoldfastError('unsupported', `masking does not know what ${part} holds`);
    },
  };
}

async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, void> {
  const input = createLineInput(bytes);
  for (let line = await input.line(); line; line = await input.line()) yield line;
}

/** A database of a snapshot, its parts masked as they are read; roles are left out. Codes as of `checkDatabase`. */
export async function maskPostgres(stored: StoredDatabase, masking: Masking): Promise<StoredDatabase> {
  const { read } = stored;
  const { globals: _, ...evidence } = stored.evidence;
  const masker = createPostgresMasker(masking, await storedSchema(stored));
  const { rules } = masking;
  if (hasLargeObjects(stored)) refuseLargeObjects(rules);
  return {
    ...stored,
    evidence: { ...evidence, masked: { rules: rules.digest } },
    read: (part) => masker.mask(part, read(part)),
  };
}

export function hasLargeObjects({ evidence }: StoredDatabase): boolean {
  return evidence.parts.some(({ name }) => name.startsWith('4-'));
}

/** All of the schema of a snapshot, each byte a character. Code `unsupported` when it is not in parts. */
export async function storedSchema({ evidence, read }: StoredDatabase): Promise<string> {
  refuseOneFile(evidence);
  const names = evidence.parts.map(({ name }) => name).filter((name) => /^[15]-/.test(name));
  return collectText(names.map((name) => read(name)));
}
