/** What `--table` and `--schema` of a restore name: an object of the dump, and what it shall be called. */
import { HoldfastError } from '../../kernel/errors.ts';
import { nameAt, readTokens } from './dump-tokens.ts';

export interface TableChoice {
  /** undefined where the command line leaves it out */
  readonly schema: string | undefined;
  readonly name: string;
  readonly newSchema: string | undefined;
  readonly newName: string | undefined;
}

export interface SchemaChoice {
  readonly name: string;
  readonly newName: string;
}

/** `shop.orders`, `orders`, `shop.orders=old_orders`, `"odd.schema"."a=b"=public.b`. Code `usage`. */
export function parseTableChoice(text: string): TableChoice {
  const [from, to] = sides(text, '--table', 2);
  return {
    schema: from.length > 1 ? from[0] : undefined,
    name: from.at(-1)!,
    newSchema: to && to.length > 1 ? to[0] : undefined,
    newName: to?.at(-1),
  };
}

export function parseSchemaChoice(text: string): SchemaChoice {
  const [from, to] = sides(text, '--schema', 1);
  return { name: from[0]!, newName: (to ?? from)[0]! };
}

function sides(text: string, flag: string, most: number): [from: string[], to: string[] | undefined] {
  const name = String.raw`(?:"(?:[^"]|"")+"|[^".=]+)`;
  const side = `(${name}(?:\\.${name}){0,${most - 1}})`;
  // names are taken as they are: only quotes, points and the equals sign have a meaning
  const [, from, to] = new RegExp(`^${side}(?:=${side})?$`).exec(text) ?? [];
  if (from === undefined) {
    throw new HoldfastError('usage', `${flag}: "${text}" names nothing`, {
      hint: `write ${most > 1 ? 'SCHEMA.TABLE or SCHEMA.TABLE=OTHER' : 'SCHEMA or SCHEMA=OTHER'}, odd names in double quotes`,
    });
  }
  const names = (text: string): string[] => text.match(new RegExp(name, 'g'))!.map(unquoted);
  return [names(from), to === undefined ? undefined : names(to)];
}

function unquoted(piece: string): string {
  return piece.startsWith('"') ? nameAt(piece, readTokens(piece)[0])! : piece;
}
