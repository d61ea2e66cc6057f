/** Files of patterns: one a line, `#` comments, environment variables expanded as a shell would. */
import { readFileSync } from 'node:fs';
import { calling } from '../../kernel/native/system-error.ts';
import { pathToText, textToPath } from '../../kernel/path-text.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The patterns of one file.
 * @throws HoldfastError when the file cannot be read
 */
export function readPatternFile(path: string, environment: Environment): string[] {
  const raw = textToPath(path);
  return parsePatternFile(
    calling('open', raw, () => readFileSync(path)),
    environment,
  );
}

export function parsePatternFile(bytes: Uint8Array, environment: Environment): string[] {
  return textLines(bytes)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => expandVariables(line, environment));
}

/** Lines of a text file in UTF-8 (bytes that are not are kept), or in UTF-16 when it begins with such a mark. */
export function textLines(bytes: Uint8Array): string[] {
  const lines = decodeText(bytes).split('\n');
  if (lines[lines.length - 1] === '') lines.pop();
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}

function decodeText(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return pathToText(marked ? bytes.subarray(3) : bytes);
}

const special = '*#$@!?-0123456789';

/** `$name` and `${name}`; a variable that is not set is empty, `$$` is one dollar, a dollar before nothing stays. */
export function expandVariables(text: string, environment: Environment): string {
  const valueOf = (name: string) => (name === '$' ? '$' : (environment[name] ?? ''));
  let out = '';
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== '$' || i + 1 === text.length) {
      out += text[i];
    } else if (text[i + 1] === '{') {
      const { name, end } = bracedName(text, i + 2);
      if (name !== '') out += valueOf(name);
      i = end;
    } else if (special.includes(text[i + 1]!)) {
      out += valueOf(text[++i]!);
    } else {
      const name = /^[A-Za-z0-9_]*/.exec(text.slice(i + 1))![0];
      out += name === '' ? '$' : valueOf(name);
      i += name.length;
    }
  }
  return out;
}

/** The name inside braces and where it ends; malformed ones are swallowed as Go's os.Expand swallows them. */
function bracedName(text: string, start: number): { name: string; end: number } {
  if (special.includes(text[start] ?? ' ') && text[start + 1] === '}')
    return { name: text[start]!, end: start + 1 };
  const close = text.indexOf('}', start);
  if (close < 0) return { name: '', end: start - 1 };
  return { name: text.slice(start, close), end: close };
}
