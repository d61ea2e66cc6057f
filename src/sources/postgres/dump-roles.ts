/** Roles that the statements of a dump name: owners, who may do what, whom policies are for. */
import type { DumpStatement } from './dump-statements.ts';
import { type DumpToken, nameAt, readTokens } from './dump-tokens.ts';

/** The names in the bytes of the dump; what is not a role but a word of SQL is none. */
export function rolesIn({ text, start }: DumpStatement): string[] {
  if (
    !/^(?:ALTER|GRANT|REVOKE|CREATE (?:POLICY|USER MAPPING)|SET SESSION AUTH)/.test(
      text.slice(start, start + 24),
    )
  )
    return [];
  const sql = text.slice(start);
  const tokens = readTokens(sql);
  const words = tokens.map((token) => (token.kind === 'word' ? sql.slice(token.start, token.end) : ''));
  const list = (at: number): string[] => namesFrom(sql, tokens, at);
  switch (words[0]) {
    case 'SET':
      return words[1] === 'SESSION' ? list(3) : [];
    case 'GRANT':
    case 'REVOKE':
      return grantees(words, list);
    case 'CREATE':
      if (words[1] === 'USER') return list(words.indexOf('FOR') + 1);
      return words.includes('TO') && words.indexOf('TO') < usingAt(words)
        ? list(words.indexOf('TO') + 1)
        : [];
  }
  if (words[1] === 'DEFAULT' && words[2] === 'PRIVILEGES') {
    return [...list(words.indexOf('ROLE') + 1), ...grantees(words, list)];
  }
  const owner = ownerToken(sql, tokens);
  return owner ? list(tokens.indexOf(owner)) : [];
}

/** The role of `ALTER ... OWNER TO role;`, which nothing follows; undefined for other statements. */
export function ownerToken(sql: string, tokens: readonly DumpToken[]): DumpToken | undefined {
  const [owner, to, name, end] = tokens.slice(-4);
  if (!end || !/^ALTER\b/.test(sql) || sql[end.start] !== ';') return undefined;
  const words = [owner, to].map((token) => (token?.kind === 'word' ? sql.slice(token.start, token.end) : ''));
  return words.join(' ') === 'OWNER TO' && nameAt(sql, name) !== undefined ? name : undefined;
}

function grantees(words: readonly string[], list: (at: number) => string[]): string[] {
  const grantor = words.lastIndexOf('GRANTED');
  const found = list(Math.max(words.lastIndexOf('TO'), words.lastIndexOf('FROM')) + 1);
  return grantor < 0 ? found : [...found, ...list(grantor + 2)];
}

/** Where a policy's conditions begin: names behind that are no roles. */
function usingAt(words: readonly string[]): number {
  const at = words.findIndex((word) => word === 'USING' || word === 'WITH');
  return at < 0 ? words.length : at;
}

function namesFrom(sql: string, tokens: readonly DumpToken[], at: number): string[] {
  const names: string[] = [];
  for (let i = at; i < tokens.length; i += 2) {
    const name = nameAt(sql, tokens[i]);
    const reserved = tokens[i]!.kind === 'word' && /^(?:PUBLIC|CURRENT_USER|DEFAULT)$/i.test(name!);
    if (name !== undefined && !reserved) names.push(name);
    if (sql[tokens[i + 1]?.start ?? sql.length] !== ',') break;
  }
  return names;
}
