/** The kinds of values that settings have; their errors say what was expected, and never repeat what may be a secret. */
import * as z from 'zod';
import { parseDuration, parseSize } from '../../kernel/quantity.ts';
import { parseSecretReference, secretForms } from '../../kernel/secret.ts';
import { parseKeepDuration } from '../../operations/keep-duration.ts';
import { suggestion } from './suggestion.ts';

/** True when `parse` takes the text. */
function parses(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}

export const text = z
  .string({ error: 'expected text' })
  .min(1, { error: 'expected text, and there is none' });

export const yesOrNo = z.boolean({ error: 'expected true or false' });

export const count = z
  .int({ error: 'expected a whole number from 0' })
  .min(0, { error: 'expected a whole number from 0' });

/** A whole number of the range, both ends included. */
export function between(least: number, most: number, what: string) {
  const error = `expected ${what} from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

export function choice<const Choices extends readonly [string, ...string[]]>(choices: Choices) {
  return z.enum(choices, {
    error: ({ input }) => `expected one of ${choices.join(', ')}${suggestion(input, choices)}`,
  });
}

/** One of them by itself, or a list. */
export function oneOrMany<Item extends z.ZodType>(item: Item, what: string) {
  return z.union([item, z.array(item).min(1, { error: `expected ${what} or a list, and it is empty` })], {
    error: `expected ${what} or a list of them`,
  });
}

/** An item alone is a list of one. */
export function listOf<Item>(value: Item | readonly Item[] | undefined): readonly Item[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly Item[]) : [value as Item];
}

const aSize = 'expected a size such as 500k, 10M or 2G';
export const size = z.union(
  [
    z.string().regex(/^\d+[bkmgtBKMGT]?$/, { error: aSize }),
    z.int({ error: aSize }).min(0, { error: aSize }),
  ],
  { error: aSize },
);

/** Bytes. */
export function bytesOf(value: z.infer<typeof size>): number {
  return parseSize(String(value), 'size');
}

const aDuration = 'expected a duration such as 90s, 10m or 1h30m';
export const duration = z
  .string({ error: aDuration })
  .refine((value) => parses(() => parseDuration(value, 'duration')), { error: aDuration })
  .meta({ pattern: '^(0|(\\d+(\\.\\d+)?(ms|s|m|h))+)$' });

const aPeriod = 'expected a period such as 30d, 12h, 18m (months) or 1y6m';
export const period = z
  .string({ error: aPeriod })
  .min(1, { error: aPeriod })
  .refine((value) => parses(() => parseKeepDuration(value)), { error: aPeriod })
  .meta({ pattern: '^(\\d+[ymdh])+$' });

const aKeepCount = 'expected a whole number from 0, or unlimited';
export const keepCount = z.union([z.int().min(0, { error: aKeepCount }), z.literal('unlimited')], {
  error: aKeepCount,
});

const aSecret = `expected where the secret is, as ${secretForms}; the secret itself must not stand in this file`;
export const secret = z
  .string({ error: aSecret })
  .refine((value) => parseSecretReference(value) !== undefined, { error: aSecret })
  .meta({ pattern: '^(env|file|command):.+$' });

/** `user:password@` in a URL. */
const hasPassword = (value: string): boolean => /:\/\/[^/?#@]*:[^/?#@]+@/.test(value);

const aUrlWithoutPassword =
  'there is a password in this URL, which must not stand in this file: take it out, and say where it is with `password`';
/** A place: where a password stands in it, it is refused, and not repeated. */
export const place = text.refine((value) => !hasPassword(value), { error: aUrlWithoutPassword });

/** Settings by name; an unknown one is told with the name that was probably meant. */
export function settings<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => `unknown setting ${key}${suggestion(key, known)}`).join('\n')
        : `expected settings: some of ${known.join(', ')}`,
  });
}
