/** One exclude or include pattern, taken apart into the components it must match. */
import { cleanPath } from '../files/path.ts';
import { pathToText, textToPath } from '../../kernel/path-text.ts';
import { type ComponentTest, compileGlob, isLiteral } from './glob.ts';

/** One component: any number of directories, exactly this name, or a test. */
export type Part =
  | { readonly kind: 'any-depth' }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'test'; readonly test: ComponentTest };

export interface Pattern {
  readonly original: string;
  /** begins with `!`: takes back what patterns before it matched */
  readonly negated: boolean;
  /** begins at the root; otherwise it may begin at any directory */
  readonly rooted: boolean;
  readonly parts: readonly Part[];
}

/** Takes a pattern apart; undefined when one of its components is malformed. `text` is not empty. */
export function parsePattern(text: string): Pattern | undefined {
  const negated = text.startsWith('!');
  const clean = pathToText(cleanPath(textToPath(negated ? text.slice(1) : text)));
  const rooted = clean.startsWith('/');
  const parts: Part[] = [];
  // the root alone means everything below it
  const components = clean === '/' ? ['**'] : clean.slice(rooted ? 1 : 0).split('/');
  for (const component of components) {
    if (component === '**') {
      parts.push({ kind: 'any-depth' });
    } else if (isLiteral(component)) {
      parts.push({ kind: 'name', name: component });
    } else {
      const test = compileGlob(component);
      if (!test) return undefined;
      parts.push({ kind: 'test', test });
    }
  }
  return { original: text, negated, rooted, parts };
}

/** Lower case letter by letter, so that the result does not hang on neighbours or grow. */
export function lowerCase(text: string): string {
  if (/^[ -~]*$/.test(text)) return text.toLowerCase();
  let out = '';
  for (const char of text) {
    const lower = char.toLowerCase();
    out += lower.length > char.length ? String.fromCodePoint(lower.codePointAt(0)!) : lower;
  }
  return out;
}
