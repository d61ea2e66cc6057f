/** Names as MySQL and MariaDB quote them. */

/** The name in backquotes that begins at `start`, and where it ends; undefined when none does. */
export function readIdentifier(text: string, start: number): { name: string; end: number } | undefined {
  if (text[start] !== '`') return undefined;
  let name = '';
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] !== '`') name += text[at];
    else if (text[at + 1] === '`') name += text[++at];
    else return { name, end: at + 1 };
  }
  return undefined;
}

export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}
