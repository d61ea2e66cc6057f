/** Cuts the SQL of a dump of MySQL or MariaDB into tokens, so that names and texts are never taken for each other. */

export interface DumpToken {
  readonly kind: 'word' | 'name' | 'text' | 'remark' | 'sign';
  /** as it stands there, quotes included; of a remark without its line end */
  readonly source: string;
  readonly start: number;
}

const token =
  /\s+|(?<remark>-- [^\n]*|--(?=\n)|#[^\n]*|\/\*(?![!M])[^]*?\*\/)|(?<name>`[^`]*(?:``[^`]*)*`)|(?<text>'[^'\\]*(?:(?:\\[^]|'')[^'\\]*)*'|"[^"\\]*(?:(?:\\[^]|"")[^"\\]*)*")|(?<word>[A-Za-z_\x80-\xff][\w$\x80-\xff]*|\d[\w.]*)|(?<sign>[^])/y;

/** `sql` has each byte as a character. Comments that the servers run are no remarks. */
export function* readTokens(sql: string): Generator<DumpToken, void, void> {
  for (let start = 0; start < sql.length; start = token.lastIndex) {
    token.lastIndex = start;
    const { groups, 0: source } = token.exec(sql)!;
    const end = token.lastIndex;
    const { remark, name, text, word, sign } = groups!;
    const kind = remark
      ? 'remark'
      : name
        ? 'name'
        : text
          ? 'text'
          : word
            ? 'word'
            : sign
              ? 'sign'
              : undefined;
    if (kind !== undefined) yield { kind, source, start };
    token.lastIndex = end;
  }
}
