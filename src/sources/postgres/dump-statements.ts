/** Splits SQL that pg_dump wrote into its statements as it passes, each with what pg_dump's comment before says of it. */
import { type DumpToken, nameAt, readToken } from './dump-tokens.ts';

export interface DumpStatement {
  /** with the spaces and comments before it: all texts together are what was read */
  readonly text: string;
  /** where the statement itself begins in the text; its length when there is nothing but space */
  readonly start: number;
  /** of the object that the statement belongs to; undefined before the first */
  readonly heading: Heading | undefined;
}

/** `-- Name: orders_pkey; Type: CONSTRAINT; Schema: shop; Owner: ada` */
export interface Heading {
  readonly name: string;
  readonly type: string;
  /** `-` for what is in none */
  readonly schema: string;
  /** `-` for what has none */
  readonly owner: string;
}

/** Code of functions may have statements inside: psql counts these words, too. */
interface Words {
  first: string[];
  /** BEGIN and CASE that have no END yet */
  open: number;
  /** parentheses that are open */
  depth: number;
}

export async function* dumpStatements(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<DumpStatement, void, void> {
  let text = '';
  /** up to where the text is read, and where the statement begins */
  let at = 0;
  let start = -1;
  let words = noWords();
  let heading: Heading | undefined;
  /** a token that did not end is not read again before the text has doubled */
  let wanted = 0;

  function* complete(final: boolean): Generator<DumpStatement, void, void> {
    let from = 0;
    for (;;) {
      if (at >= text.length) break;
      const token = start < 0 && text[at] === '\\' ? command(text, at) : readToken(text, at, final);
      if (!token) break;
      if (token.kind === 'space') {
        if (start < 0) heading = headingIn(text.slice(token.start, token.end)) ?? heading;
        at = token.end;
        continue;
      }
      if (start < 0) start = token.start;
      at = token.end;
      if (token.kind !== 'command' && !endsStatement(text, token, words)) continue;
      yield { text: text.slice(from, at), start: start - from, heading };
      from = at;
      start = -1;
      words = noWords();
    }
    text = text.slice(from);
    at -= from;
    if (start >= 0) start -= from;
    wanted = text.length - at > 4096 ? at + 2 * (text.length - at) : 0;
  }

  for await (const piece of pieces) {
    text += Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('latin1');
    if (text.length >= wanted) yield* complete(false);
  }
  yield* complete(true);
  if (text !== '') yield { text, start: start < 0 ? text.length : start, heading };
}

const noWords = (): Words => ({ first: [], open: 0, depth: 0 });

/** A command of psql's own, up to the end of its line; undefined while that is not there. */
function command(text: string, start: number): (Omit<DumpToken, 'kind'> & { kind: 'command' }) | undefined {
  const end = text.indexOf('\n', start) + 1;
  return end === 0 ? undefined : { kind: 'command', start, end };
}

function endsStatement(text: string, token: DumpToken, words: Words): boolean {
  if (token.kind === 'sign') {
    const sign = text[token.start];
    if (sign === '(') words.depth++;
    else if (sign === ')') words.depth = Math.max(0, words.depth - 1);
    return sign === ';' && words.depth === 0 && words.open === 0;
  }
  if (token.kind !== 'word') return false;
  const word = nameAt(text, token)!.toLowerCase();
  if (words.first.length < 4) words.first.push(word);
  if (words.depth > 0 || !makesRoutine(words.first)) return false;
  if (word === 'begin' || (word === 'case' && words.open > 0)) words.open++;
  else if (word === 'end' && words.open > 0) words.open--;
  return false;
}

function makesRoutine(first: readonly string[]): boolean {
  const [create, ...rest] = first;
  const what = rest[0] === 'or' && rest[1] === 'replace' ? rest[2] : rest[0];
  return create === 'create' && (what === 'function' || what === 'procedure');
}

/** The last heading among comments. */
function headingIn(comments: string): Heading | undefined {
  const line = comments.split('\n').findLast((text) => /^-- (?:Data for )?Name: /.test(text));
  const [, name, type, schema, owner] =
    /^-- (?:Data for )?Name: (.*); Type: ([A-Z ]+); Schema: (.*); Owner: (.*?)(?:; Tablespace: .*)?$/.exec(
      line ?? '',
    ) ?? [];
  if (name === undefined) return undefined;
  return { name, type: type!, schema: schema!, owner: owner! };
}
