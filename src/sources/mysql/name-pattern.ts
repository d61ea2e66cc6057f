/** Patterns of names on the command line: `*` stands for any letters, `?` for one, all else for itself. */

export function toNameExpression(pattern: string): RegExp {
  const escaped = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`, 'su');
}
