/** One entry of a section, checked by itself: its settings with absolute paths, and what is wrong with them. */
import type { Node } from 'yaml';
import type * as z from 'zod';
import { absolutePaths } from './paths.ts';
import type { EntryName, Position, Problem } from './problem.ts';
import { type Section, sections, shared, type SharedSettings } from './schema/schema.ts';
import { suggestion } from './schema/suggestion.ts';
import type { YamlEntry, YamlFile } from './yaml-file.ts';

export interface Entry {
  readonly section: Section;
  readonly name: string;
  /** the setting that says which kind it is */
  readonly kind: string;
  /** as written, with absolute paths; valid for its kind but for what defaults may still bring */
  readonly settings: Readonly<Record<string, unknown>>;
  /** of its name */
  readonly position: Position;
  /** where one of its settings stands */
  readonly find: (path: readonly PropertyKey[]) => Position;
  /** settings that are left out as they are wrong: nobody may miss them */
  readonly wrong: ReadonlySet<string>;
}

/** The entry, and what is wrong with it; it is there as far as it is right, so that all mistakes are told at once. */
export function readEntry(
  file: YamlFile,
  section: Section,
  { name, nameNode, value }: YamlEntry,
): { readonly entry: Entry | undefined; readonly problems: readonly Problem[] } {
  const owner: EntryName = { section, name };
  const position = file.positionOf(nameNode);
  const refuse = (message: string, at: Position = position) => ({
    entry: undefined,
    problems: [{ ...at, message, entry: owner }],
  });
  const kinds = sections[section];
  const kindNames = Object.keys(kinds);
  const members = value && file.entriesOf(value);
  if (!value || !members) return refuse(`expected settings of ${name}`, file.positionOf(value ?? nameNode));
  let kind = kindNames[0]!;
  if (kindNames.length > 1) {
    const names = new Set(members.map((member) => member.name));
    const found = kindNames.filter((one) => names.has(one));
    if (found.length !== 1) {
      const which = kindNames.join(' or ');
      const other =
        found.length > 1 ? `, and not ${found.join(' and ')} at once` : probably(members, kindNames);
      return refuse(`expected ${which} in ${name}${other}`);
    }
    kind = found[0]!;
  }
  const schema = kinds[kind]!;
  const given = file.valueOf(value);
  let checked = schema.safeParse(given);
  const problems = checked.success ? [] : problemsOf(file, value, checked.error, owner);
  const wrong = new Set(checked.success ? [] : checked.error.issues.flatMap(settingsOf));
  if (!checked.success) {
    const sound = Object.entries(given as object).filter(([setting]) => !wrong.has(setting));
    // of what is written wrong nobody knows which setting was meant
    if ([...wrong].some((setting) => !(setting in schema.shape))) {
      for (const setting of Object.keys(schema.shape)) wrong.add(setting);
    }
    checked = schema.safeParse(Object.fromEntries(sound));
    if (!checked.success) return { entry: undefined, problems };
  }
  const settings = absolutePaths(checked.data, file.path);
  const find = (path: readonly PropertyKey[]): Position => file.find(value, path);
  return { entry: { section, name, kind, settings, position, find, wrong }, problems };
}

/** What `defaults:` or a profile says, section by section. */
export function readShared(
  file: YamlFile,
  value: Node,
  owner: EntryName,
): { readonly settings: SharedSettings; readonly problems: readonly Problem[] } {
  const checked = shared.safeParse(file.valueOf(value));
  if (!checked.success) return { settings: {}, problems: problemsOf(file, value, checked.error, owner) };
  const absolute = Object.entries(checked.data).map(([section, settings]) => [
    section,
    absolutePaths(settings as Record<string, unknown>, file.path),
  ]);
  return { settings: Object.fromEntries(absolute) as SharedSettings, problems: [] };
}

function probably(members: readonly YamlEntry[], kinds: readonly string[]): string {
  const guesses = members.map(({ name }) => suggestion(name, kinds)).filter((guess) => guess !== '');
  return guesses[0] ?? '';
}

/** A problem for each thing that is wrong, with its place. */
function problemsOf(file: YamlFile, node: Node, error: z.ZodError, entry: EntryName): Problem[] {
  return error.issues.flatMap(findingsOf).flatMap(({ path, message, code, keys }) => {
    if (code === 'unrecognized_keys') {
      const messages = message.split('\n');
      return keys.map((key, i) => ({
        ...file.find(node, [...path, key], 'name'),
        message: messages[i]!,
        entry,
      }));
    }
    const missing = code === 'invalid_type' && isMissing(file.valueOf(node), path);
    const text = missing ? `the setting ${String(path.at(-1))} is missing` : message;
    return [{ ...file.find(node, path), message: text, entry }];
  });
}

/** Which settings of the entry itself an issue is about. */
function settingsOf(issue: z.core.$ZodIssue): string[] {
  const [first] = issue.path;
  if (first !== undefined) return [String(first)];
  return issue.code === 'unrecognized_keys' ? issue.keys : [];
}

interface Finding {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly code: string;
  readonly keys: readonly string[];
}

/** Of alternatives, what is wrong with the one that fits best: the one that was understood furthest. */
function findingsOf(issue: z.core.$ZodIssue): Finding[] {
  const { path, message, code } = issue;
  if (code !== 'invalid_union') {
    return [{ path, message, code, keys: code === 'unrecognized_keys' ? issue.keys : [] }];
  }
  let best: readonly Finding[] = [];
  let deepest = 0;
  for (const branch of issue.errors) {
    const findings = branch.flatMap(findingsOf);
    const depth = Math.max(...findings.map((one) => one.path.length + one.keys.length));
    if (depth > deepest) [best, deepest] = [findings, depth];
  }
  if (best.length === 0) return [{ path, message, code, keys: [] }];
  return best.map((finding) => ({ ...finding, path: [...path, ...finding.path] }));
}

function isMissing(value: unknown, path: readonly PropertyKey[]): boolean {
  let here = value;
  for (const step of path) {
    if (typeof here !== 'object' || here === null) return true;
    here = (here as Record<PropertyKey, unknown>)[step];
  }
  return here === undefined;
}
