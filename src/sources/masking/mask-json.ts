/** Masks values inside JSON documents; what no path leads to stays byte for byte, spaces and long numbers included. */
import { HoldfastError } from '../../kernel/errors.ts';
import { ByteWriter } from '../../kernel/bytes.ts';
import { firstFitting, type JsonPath, pathTo } from './json-path.ts';
import type { ValueMasker } from './value-masker.ts';

export interface JsonPathMasker {
  readonly path: JsonPath;
  /** undefined: the value stays */
  readonly masker: ValueMasker | undefined;
  /** true: `elsewhere` does not look at what stays */
  readonly verbatim?: boolean;
}

/** Deeper documents are refused: the reader calls itself. */
const maxDepth = 1000;

/** Of those that no path fits so many are named. */
const namedPaths = 20;

const token =
  /[ \t\n\r]*(?:([{}[\]:,])|("(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null))/y;
const blank = /[ \t\n\r]*$/y;
const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/**
 * A path holds for the value that it leads to and for all values below it; of several the first counts. Texts that none
 * fits go through `elsewhere`. Numbers that stay numbers are written as numbers, everything else as text. Throws the code
 * `corrupt` when the value is not a JSON document, and `usage` for values that no path fits when every one needs one.
 */
export function maskJson(
  paths: readonly JsonPathMasker[],
  elsewhere: ValueMasker | undefined,
  isStrict = false,
): ValueMasker {
  const scratch = new ByteWriter();

  /** The replacement of one leaf, as JSON, each byte a character. */
  const replace = (masker: ValueMasker, leaf: string, isText: boolean): string => {
    if (leaf === 'null') return leaf;
    const value = Buffer.from(isText ? parseText(leaf) : leaf);
    if (value.length === 0) return leaf;
    scratch.length = 0;
    if (!masker.mask(value, 0, value.length, scratch)) return 'null';
    if (value.equals(scratch.view())) return leaf;
    const masked = Buffer.from(scratch.view()).toString();
    if (!isText && jsonNumber.test(masked)) return masked;
    return Buffer.from(JSON.stringify(masked)).toString('latin1');
  };

  const mask = (text: string): string => {
    const trail: (string | number)[] = [];
    let output = '';
    let copied = 0;
    let position = 0;
    let found: RegExpExecArray;
    const next = (): void => {
      token.lastIndex = position;
      const match = token.exec(text);
      if (!match) throw malformed();
      found = match;
      position = token.lastIndex;
    };
    /** Puts something else where the last token stands. */
    const splice = (source: string, masked: string): void => {
      if (masked === source) return;
      output += text.slice(copied, position - source.length) + masked;
      copied = position;
    };
    const missing = new Set<string>();
    const leaf = (inherited: JsonPathMasker | undefined): void => {
      const isText = found[2] !== undefined;
      if (isStrict && !inherited && found[3] !== 'null') missing.add(pathTo(trail));
      const masker = inherited?.masker ?? (isText && !inherited?.verbatim ? elsewhere : undefined);
      if (masker === undefined) return;
      const source = (found[2] ?? found[3])!;
      splice(source, replace(masker, source, isText));
    };
    const value = (above: number): void => {
      const at = firstFitting(paths, trail, above);
      const rule = paths[at];
      if (trail.length > maxDepth) throw new HoldfastError('corrupt', 'the JSON document is too deep');
      const opening = found[1];
      if (opening === undefined) return leaf(rule);
      if (opening !== '{' && opening !== '[') throw malformed();
      const closing = opening === '{' ? '}' : ']';
      next();
      for (let index = 0; index > 0 || found[1] !== closing; index++) {
        if (opening === '{') {
          if (found[2] === undefined) throw malformed();
          trail.push(parseText(found[2]));
          if (elsewhere && !rule?.verbatim) splice(found[2], replace(elsewhere, found[2], true));
          next();
          if (found[1] !== ':') throw malformed();
          next();
        } else {
          trail.push(index);
        }
        value(at);
        trail.pop();
        next();
        if (found[1] === closing) break;
        if (found[1] !== ',') throw malformed();
        next();
      }
    };
    next();
    value(paths.length);
    blank.lastIndex = position;
    if (!blank.test(text)) throw malformed();
    if (missing.size > 0) throw unclassified([...missing]);
    return output + text.slice(copied);
  };

  return {
    mask(input, start, end, output) {
      // each byte a character: what stays is right in every encoding
      const text = Buffer.from(input.buffer, input.byteOffset + start, end - start).toString('latin1');
      output.writeBytes(Buffer.from(mask(text), 'latin1'));
      return true;
    },
    plain: false,
  };
}

function parseText(token: string): string {
  return JSON.parse(Buffer.from(token, 'latin1').toString()) as string;
}

function unclassified(missing: readonly string[]): HoldfastError {
  const more = missing.length > namedPaths ? ` and ${missing.length - namedPaths} more` : '';
  return new HoldfastError(
    'usage',
    `strict, and none of its paths leads to ${missing.slice(0, namedPaths).join(', ')}${more}`,
    { hint: "give each a rule; '$..*': keep as the last path keeps all the rest" },
  );
}

function malformed(): HoldfastError {
  return new HoldfastError('corrupt', 'not a JSON document');
}
