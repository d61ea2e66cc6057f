/** What the structure of a dump tells besides the structure: counters, engines, and whose rows the server writes times into. */
import { readIdentifier } from './identifier.ts';

export interface TableDetails {
  readonly engine?: string;
  /** the number that the next row gets */
  readonly autoIncrement?: string;
  /** columns say from when to when a row held, which the server writes itself whatever it is given */
  readonly rowTimes?: true;
}

const createTable = 'CREATE TABLE ';
/** The line that ends a table's definition. */
const lastLine = /^\) ENGINE=(\w+)(?: AUTO_INCREMENT=(\d+))?/;
/** A column of MariaDB's system versioning; types have no quotes, so that no comment looks like it. */
const rowTime = /^ {2}`(?:[^`]|``)+` [a-z0-9() ]+ GENERATED ALWAYS AS ROW (?:START|END)\b/;
const counters = / AUTO_INCREMENT=\d+/g;

/** By table. */
export function tableDetails(schema: Uint8Array): Map<string, TableDetails> {
  const text = Buffer.from(schema.buffer, schema.byteOffset, schema.byteLength).toString();
  const details = new Map<string, TableDetails>();
  let table: string | undefined;
  let timed = false;
  let at = 0;
  for (const line of text.split('\n')) {
    if (line.startsWith(createTable)) {
      table = readIdentifier(text, at + createTable.length)?.name;
      timed = false;
    }
    timed ||= rowTime.test(line);
    const found = table === undefined ? undefined : lastLine.exec(line);
    if (found) {
      const [, engine, autoIncrement] = found;
      details.set(table!, {
        engine: engine!,
        ...(autoIncrement !== undefined && { autoIncrement }),
        ...(timed && { rowTimes: true }),
      });
      table = undefined;
    }
    at += line.length + 1;
  }
  return details;
}

/** SHA-256, in hexadecimal, of texts without where counters stand: new rows change no schema. */
export function schemaHash(
  hash: { update(bytes: Uint8Array): void; digest(): Uint8Array },
  texts: readonly Uint8Array[],
): string {
  for (const text of texts) {
    const latin1 = Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('latin1');
    hash.update(Buffer.from(latin1.replaceAll(counters, ''), 'latin1'));
  }
  return Buffer.from(hash.digest()).toString('hex');
}
