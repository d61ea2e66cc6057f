/** Names with a schema in the statements of a dump: which objects a statement speaks of, and how it speaks of others. */
import { fromDumpBytes, nameAt, quoteName, quoteText, readTokens, toDumpBytes } from './dump-tokens.ts';

/** `shop.orders`, `shop.orders.id`, or a constant that is nothing but such a name: `'shop.orders_id_seq'`. */
export interface NameChain {
  /** in the bytes of the dump */
  readonly parts: readonly string[];
  readonly start: number;
  readonly end: number;
  readonly constant: boolean;
}

export function namesIn(sql: string): NameChain[] {
  const tokens = readTokens(sql);
  const chains: NameChain[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const first = tokens[at]!;
    if (first.kind === 'string' && sql[first.start] === "'") {
      const parts = constantName(sql.slice(first.start + 1, first.end - 1).replaceAll("''", "'"));
      if (parts) chains.push({ parts, start: first.start, end: first.end, constant: true });
      continue;
    }
    const parts: string[] = [];
    let last = at;
    for (let name = nameAt(sql, tokens[at]); name !== undefined; name = nameAt(sql, tokens[last + 2])) {
      if (parts.length > 0) last += 2;
      parts.push(name);
      if (sql[tokens[last + 1]?.start ?? sql.length] !== '.') break;
    }
    if (parts.length < 2) continue;
    chains.push({ parts, start: first.start, end: tokens[last]!.end, constant: false });
    at = last;
  }
  return chains;
}

const constantPattern = /^(?:[A-Za-z_\x80-\xff"])[^]*\./;

function constantName(text: string): string[] | undefined {
  if (text.length > 300 || !constantPattern.test(text)) return undefined;
  const tokens = readTokens(text);
  const parts = tokens.filter((_, at) => at % 2 === 0).map((token) => nameAt(text, token));
  const whole = tokens.length === 3 && tokens[0]!.start === 0 && text[tokens[1]!.start] === '.';
  return whole && tokens[2]!.end === text.length && !parts.includes(undefined)
    ? (parts as string[])
    : undefined;
}

/** One name for a schema and what is in it; names have no zero bytes. */
export const objectKey = (schema: string, name: string): string => `${schema}\0${name}`;

export const keyOf = ({ parts }: NameChain): string => objectKey(parts[0]!, parts[1]!);

/** Of a table of the evidence, in a dump in this encoding. */
export const keyOfTable = (
  { schema, name }: { readonly schema: string; readonly name: string },
  { encoding }: { readonly encoding: string },
): string => objectKey(toDumpBytes(schema, encoding), toDumpBytes(name, encoding));

/** The statement with some objects in other schemas. */
export function moveNames(sql: string, schemaOf: (key: string) => string | undefined): string {
  let moved = '';
  let from = 0;
  for (const chain of namesIn(sql)) {
    const schema = schemaOf(keyOf(chain));
    if (schema === undefined) continue;
    const name = [schema, ...chain.parts.slice(1)].map(quoteName).join('.');
    moved += sql.slice(from, chain.start) + (chain.constant ? quoteText(name) : name);
    from = chain.end;
  }
  return moved + sql.slice(from);
}

/** The schema in the key of an object. */
export const schemaOfKey = (key: string): string => key.slice(0, key.indexOf('\0'));

/** As a person would read it. */
export const readable = (key: string): string => fromDumpBytes(key.replace('\0', '.'));
