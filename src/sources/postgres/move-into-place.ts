/** The SQL that gives a restored table its place and its name, once all of it is there. */
import type { ChosenTable } from './chosen-statements.ts';
import { quoteName } from './dump-tokens.ts';

export interface NewPlace {
  /** where it was restored; everything is in the bytes of the dump */
  readonly scratch: string;
  readonly oldName: string;
  readonly schema: string;
  readonly name: string;
  /** names in the new schema that are in use */
  readonly taken: ReadonlySet<string>;
}

/** What servers allow, bytes. */
const longestName = 63;

/** Partitions, indexes and sequences are called after the table: their names change with it, and never collide. */
export function moveIntoPlace(chosen: ChosenTable, place: NewPlace): string {
  const { scratch, schema } = place;
  const used = new Set(place.taken);
  const statements: string[] = [];
  const at = (name: string): string => `${quoteName(scratch)}.${quoteName(name)}`;
  const rename = (kind: string, key: string, wanted: string): string => {
    const name = key.slice(key.indexOf('\0') + 1);
    const free = freeName(wanted, used);
    used.add(free);
    if (free !== name) statements.push(`ALTER ${kind} ${at(name)} RENAME TO ${quoteName(free)};`);
    return free;
  };
  const called = (key: string): string => {
    const name = key.slice(key.indexOf('\0') + 1);
    if (place.name === place.oldName) return name;
    return name.startsWith(place.oldName)
      ? place.name + name.slice(place.oldName.length)
      : `${place.name}_${name}`;
  };
  const tables = chosen.tables.map((key, i) => rename('TABLE', key, i === 0 ? place.name : called(key)));
  for (const key of chosen.indexes) rename('INDEX', key, called(key));
  for (const key of chosen.sequences) rename('SEQUENCE', key, called(key));
  for (const key of chosen.statistics) {
    const name = rename('STATISTICS', key, called(key));
    statements.push(`ALTER STATISTICS ${at(name)} SET SCHEMA ${quoteName(schema)};`);
  }
  // indexes and sequences of its own go along with a table
  for (const name of tables) statements.push(`ALTER TABLE ${at(name)} SET SCHEMA ${quoteName(schema)};`);
  statements.push(`DROP SCHEMA ${quoteName(scratch)};`);
  return `${statements.join('\n')}\n`;
}

function freeName(wanted: string, used: ReadonlySet<string>): string {
  for (let number = 0; ; number++) {
    const suffix = number === 0 ? '' : `_${number}`;
    const name = shortened(wanted, longestName - suffix.length) + suffix;
    if (!used.has(name)) return name;
  }
}

/** Without half a character at its end. */
function shortened(name: string, bytes: number): string {
  let end = Math.min(name.length, bytes);
  while (end < name.length && (name.charCodeAt(end) & 0xc0) === 0x80) end--;
  return name.slice(0, end);
}
