/** Patterns of names as psql and pg_dump take them: `*` and `?`, lower case unless in double quotes, a dot before the name. */

export interface NamePattern {
  /** regular expressions of PostgreSQL that match whole names; undefined where the pattern names no schema */
  readonly schema: string | undefined;
  readonly name: string;
}

/** The same reading as psql's own; of more than one dot the last counts, for pg_dump has a word to say then. */
export function parseNamePattern(pattern: string): NamePattern {
  const parts = [''];
  let quoted = false;
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!;
    if (character === '"') {
      if (quoted && pattern[at + 1] === '"') parts[parts.length - 1]! += literal(pattern[++at]!);
      else quoted = !quoted;
    } else if (!quoted && character === '.') {
      parts.push('');
    } else {
      parts[parts.length - 1]! += quoted ? literal(character) : unquoted(character);
    }
  }
  const whole = (part: string): string => `^(${part})$`;
  const schema = parts.at(-2);
  return { schema: schema === undefined ? undefined : whole(schema), name: whole(parts.at(-1)!) };
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
