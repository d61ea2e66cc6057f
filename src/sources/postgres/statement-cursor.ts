/** Steps through the tokens of one statement of a schema: words, names, lists between brackets, types. */
import { nameOf, type SqlToken } from './sql-tokens.ts';

/** Words that end the type of a column. */
const endsOfType = new Set([
  'COLLATE',
  'DEFAULT',
  'NOT',
  'NULL',
  'CONSTRAINT',
  'GENERATED',
  'CHECK',
  'STORAGE',
  'COMPRESSION',
  'PRIMARY',
  'UNIQUE',
  'OPTIONS',
  'REFERENCES',
]);

interface QualifiedName {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly key: string;
}

export interface Cursor {
  /** whether that comes next */
  at(source: string): boolean;
  /** steps over the word when it comes next */
  takes(word: string): boolean;
  /** steps over anything; false at the end */
  skip(): boolean;
  peekName(): string | undefined;
  /** a name with or without its schema */
  qualified(): QualifiedName;
  /** what stands between brackets, cut at commas */
  list(): SqlToken[][];
  /** a type, up to the words that end it */
  typeText(): string;
  rest(): SqlToken[];
}

export function createCursor(tokens: readonly SqlToken[]): Cursor {
  let i = 0;
  const at = (source: string): boolean => tokens[i]?.source === source;
  return {
    at,
    takes(word) {
      if (tokens[i]?.kind !== 'word' || !at(word)) return false;
      i++;
      return true;
    },
    skip: () => i++ < tokens.length,
    peekName: () => tokens[i] && nameOf(tokens[i]!),
    qualified() {
      const parts: string[] = [];
      do if (tokens[i]) parts.push(nameOf(tokens[i++]!));
      while (at('.') && ++i);
      const table = parts.at(-1) ?? '';
      return { schema: parts.at(-2) ?? '', table, name: table, key: JSON.stringify(parts) };
    },
    list() {
      const items: SqlToken[][] = [];
      let item: SqlToken[] = [];
      let depth = 0;
      for (; i < tokens.length; i++) {
        const { source } = tokens[i]!;
        if (source === '(' && depth++ === 0) continue;
        if (source === ')' && --depth === 0) break;
        if (source === ',' && depth === 1) {
          items.push(item);
          item = [];
        } else item.push(tokens[i]!);
      }
      i++;
      return item.length > 0 ? [...items, item] : items;
    },
    typeText() {
      let text = '';
      for (let depth = 0; i < tokens.length; i++) {
        const { kind, source } = tokens[i]!;
        if (depth === 0 && kind === 'word' && endsOfType.has(source)) break;
        if (source === '(') depth++;
        if (source === ')') depth--;
        const glued = /[(.,]$/.test(text) || /^[().,[\]]$/.test(source) || text === '';
        text += glued ? source : ` ${source}`;
      }
      return text;
    },
    rest: () => tokens.slice(i),
  };
}
