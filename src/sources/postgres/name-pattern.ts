/** Patterns of names as psql and pg_dump take them: `*` and `?`, lower case unless in double quotes, a dot before the name. */

export interface NamePattern {
  /** regular expressions of PostgreSQL that match whole names; undefined where the pattern names no schema */
  readonly schema: string | undefined;
  readonly name: string;
}

/** The same reading as psql's own; of more than one dot the last counts, for pg_dump has a word to say then. */
export function parseNamePattern(pattern: string): NamePattern {
  const parts = expressions(pattern);
  return { schema: parts.at(-2), name: parts.at(-1)! };
}

/** A regular expression for names of databases, where a dot is a dot. */
export function parseDatabasePattern(pattern: string): string {
  return expressions(pattern, '\\.')[0]!;
}

/** Of each name between dots, or of all as one when a dot is to be taken for something else. */
function expressions(pattern: string, dot?: string): string[] {
  const parts = [''];
  let quoted = false;
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!;
    if (character === '"') {
      if (quoted && pattern[at + 1] === '"') parts[parts.length - 1]! += pattern[++at]!;
      else quoted = !quoted;
    } else if (!quoted && character === '.' && dot === undefined) {
      parts.push('');
    } else {
      parts[parts.length - 1]! += quoted
        ? literal(character)
        : (character === '.' && dot) || unquoted(character);
    }
  }
  return parts.map((part) => `^(${part})$`);
}

/** A pattern that matches this one name, or this one table. */
export function exactPattern(...names: readonly string[]): string {
  return names.map((name) => `"${name.replaceAll('"', '""')}"`).join('.');
}

function unquoted(character: string): string {
  if (character === '*') return '.*';
  if (character === '?') return '.';
  if (character === '$') return '\\$';
  // as the server folds names: ASCII alone
  return /[A-Z]/.test(character) ? character.toLowerCase() : character;
}

function literal(character: string): string {
  return /[|*+?()[\]{}.^$\\]/.test(character) ? `\\${character}` : character;
}
