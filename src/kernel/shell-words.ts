/** Splits a command line into words as a shell would, without running one. */
import { HoldfastError } from './errors.ts';

/** Words separated by white space; '...' and "..." hold words together, \ takes the next character as it is. */
export function splitShellWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const c = line[at]!;
    if (quote !== undefined && c === quote) quote = undefined;
    else if (c === '\\' && quote !== "'" && at + 1 < line.length) word = (word ?? '') + line[++at]!;
    else if (quote !== undefined) word = (word ?? '') + c;
    else if (c === '"' || c === "'") {
      quote = c;
      word ??= '';
    } else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + c;
  }
  if (quote !== undefined) throw new HoldfastError('usage', `the quote ${quote} in "${line}" is not closed`);
  return word === undefined ? words : [...words, word];
}
