/** The statements of a dump as the entries of an archive's table of contents, as far as a plain dump tells of them. */
import { keyOf, namesIn } from './dump-names.ts';
import { type DumpStatement, type Heading } from './dump-statements.ts';
import { nameAt, readTokens } from './dump-tokens.ts';
import { ownerToken } from './dump-roles.ts';

export type ArchiveSection = 'before' | 'data' | 'after';

/** Everything is in the bytes of the dump. */
export interface ArchiveEntry {
  readonly id: number;
  readonly section: ArchiveSection;
  readonly tag: string;
  readonly type: string;
  readonly definition: string;
  readonly drop: string;
  /** the statement that loads the rows which the archive has for this entry */
  readonly copy: string | undefined;
  readonly schema: string | undefined;
  readonly tablespace: string | undefined;
  readonly accessMethod: string | undefined;
  readonly owner: string;
  /** ids of others that come before it */
  readonly needs: readonly number[];
}

/** Kinds of objects that an archive calls by schema and name: what their heading says is for people. */
const plainlyNamed = /^(?:TABLE|VIEW|MATERIALIZED VIEW|SEQUENCE|FOREIGN TABLE|TYPE|DOMAIN|TABLE DATA)$/;
const withAccessMethod = /^(?:TABLE|MATERIALIZED VIEW)$/;
const withTablespace = /^(?:TABLE|MATERIALIZED VIEW|INDEX|CONSTRAINT)$/;

export function createArchiveEntries() {
  const entries: ArchiveEntry[] = [];
  /** ids by the key of a table */
  const tables = new Map<string, number>();
  let tablespace = '';
  let accessMethod = '';
  let current: { heading: Heading; statements: DumpStatement[]; section: ArchiveSection } | undefined;

  function finish(): void {
    if (!current) return;
    const { heading, statements, section } = current;
    current = undefined;
    let definition = '';
    let drop = '';
    let owner = '';
    for (const { text, start } of statements) {
      const sql = text.slice(start);
      const tokens = readTokens(sql);
      // an entry may be about many large objects
      const role = heading.type.startsWith('BLOB') ? undefined : ownerToken(sql, tokens);
      if (!role) {
        definition += `${sql}\n\n`;
        continue;
      }
      owner = nameAt(sql, role)!;
      const named = sql
        .slice(0, role.start)
        .replace(/^ALTER (?:[A-Z]+ )+/, '')
        .replace(/ OWNER TO $/, '');
      drop = `DROP ${heading.type} ${named};\n`;
    }
    if (definition === '' && drop === '') return;
    const [subject] = namesIn(definition);
    const plain = subject && definition.startsWith('CREATE ') && plainlyNamed.test(heading.type);
    const id = entries.length + 1;
    if (subject && heading.type === 'TABLE') tables.set(keyOf(subject), id);
    add({
      // metadata would be a list of numbers, and no SQL
      type: heading.type === 'BLOB METADATA' ? 'BLOB' : heading.type,
      ...{ section, definition, drop, copy: undefined, owner },
      tag: plain ? subject.parts[1]! : heading.name,
      schema: plain ? subject.parts[0] : heading.schema === '-' ? undefined : heading.schema,
      tablespace: withTablespace.test(heading.type) ? tablespace : undefined,
      accessMethod: withAccessMethod.test(heading.type) ? accessMethod : undefined,
      needs: section === 'after' ? needsOf(heading.type, subject && tables.get(keyOf(subject))) : [],
    });
  }

  function add(entry: Omit<ArchiveEntry, 'id'>): number {
    const id = entries.length + 1;
    entries.push({ ...entry, id });
    return id;
  }

  /** Indexes go in any order once their tables have rows; everything else waits for all before it. */
  function needsOf(type: string, table: number | undefined): number[] {
    if (/^(?:CONSTRAINT|INDEX)$/.test(type)) return table === undefined ? [] : [table];
    const last = entries.at(-1);
    if (!last) return [];
    const lastAlone = last.section === 'after' && !/^(?:CONSTRAINT|INDEX)$/.test(last.type);
    if (lastAlone) return [last.id];
    return entries
      .filter(({ section, type }) => section !== 'before' || type === 'TABLE')
      .map(({ id }) => id);
  }

  return {
    entries,
    add,
    statement(statement: DumpStatement, section: ArchiveSection): void {
      const { heading, text, start } = statement;
      const sql = text.slice(start);
      if (!heading || sql === '' || sql.startsWith('\\')) return;
      const [, setting, value] = /^SET default_(tablespace|table_access_method) = ([^]*);$/.exec(sql) ?? [];
      if (setting !== undefined) {
        // it is for the object that comes next
        finish();
        const name = value === "''" ? '' : (nameAt(value!, readTokens(value!)[0]) ?? '');
        if (setting === 'tablespace') tablespace = name;
        else accessMethod = name;
        return;
      }
      if (current && current.heading !== heading) finish();
      current ??= { heading, statements: [], section };
      current.statements.push(statement);
    },
    finish,
    tableId: (key: string): number | undefined => tables.get(key),
  };
}
