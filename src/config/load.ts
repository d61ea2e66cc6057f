/** Reads all files of the configuration into one: every entry that is right, and everything that is wrong. */
import { readFileSync } from 'node:fs';
import type { Node } from 'yaml';
import { systemText } from '../kernel/native/system-error.ts';
import { type Entry, readEntry, readShared } from './entry.ts';
import { type ConfigPlaces, findConfigFiles } from './find-files.ts';
import { type EntryName, placeText, type Position, type Problem } from './problem.ts';
import { namePattern, type Section, sectionNames, type SharedSettings } from './schema/schema.ts';
import { suggestion } from './schema/suggestion.ts';
import { parseYaml, type YamlEntry, type YamlFile } from './yaml-file.ts';

export interface LoadedConfig {
  /** the file or folder; undefined when there is no configuration */
  readonly place: string | undefined;
  readonly files: readonly string[];
  /** by name */
  readonly entries: Readonly<Record<Section, ReadonlyMap<string, Entry>>>;
  /** entries that cannot be used, as far as they can be understood: more may be wrong with them */
  readonly unusable: readonly Entry[];
  readonly defaults: SharedSettings;
  readonly profiles: ReadonlyMap<string, SharedSettings>;
  /** names of entries and profiles that are there and wrong */
  readonly broken: readonly EntryName[];
  readonly problems: readonly Problem[];
}

/** Codes `not-found` for a place that was named, `forbidden`; what is wrong in files are problems. */
export function loadConfig(places: ConfigPlaces): LoadedConfig {
  const { place, files } = findConfigFiles(places);
  const texts = files.map((path) => ({ path, text: readText(path) }));
  return { ...readConfig(texts), place };
}

interface NamedMember extends YamlEntry {
  readonly isSound: boolean;
}

interface Text {
  readonly path: string;
  readonly text: string | Problem;
}

function readText(path: string): string | Problem {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return {
      file: path,
      line: undefined,
      column: undefined,
      message: `cannot be read: ${systemText(error)}`,
    };
  }
}

/** What texts say together; `path` is their name in problems, and where their relative paths begin. */
export function readConfig(texts: readonly Text[]): Omit<LoadedConfig, 'place'> {
  const gathered = new Gathered();
  for (const { path, text } of texts) {
    if (typeof text !== 'string') {
      gathered.problems.push(text);
      continue;
    }
    const file = parseYaml(path, text);
    gathered.problems.push(...file.problems);
    if (file.problems.length === 0 && file.root) gathered.readFile(file, file.root);
  }
  const { entries, unusable, defaults, profiles, problems } = gathered;
  const broken = problems.flatMap(({ entry }) => (entry ? [entry] : []));
  return { files: texts.map(({ path }) => path), entries, unusable, defaults, profiles, broken, problems };
}

const otherSections = ['version', 'defaults', 'profiles'] as const;
const allSections = [...otherSections, ...sectionNames];

class Gathered {
  readonly entries = Object.fromEntries(
    sectionNames.map((section) => [section, new Map<string, Entry>()]),
  ) as Record<Section, Map<string, Entry>>;
  readonly unusable: Entry[] = [];
  readonly profiles = new Map<string, SharedSettings>();
  readonly problems: Problem[] = [];
  defaults: SharedSettings = {};
  readonly #places = new Map<string, Position>();

  readFile(file: YamlFile, root: Node): void {
    const members = file.entriesOf(root);
    if (!members) {
      this.#refuse(file.positionOf(root), `expected sections: some of ${allSections.join(', ')}`);
      return;
    }
    for (const { name, ...position } of file.repeatedKeys(root, { shallow: true })) {
      this.#refuse(position, `the section ${name} is there twice`);
    }
    for (const { name, nameNode, value } of members) {
      const section = sectionNames.find((known) => known === name);
      if (section) this.#readSection(file, section, value);
      else if (name === 'defaults') this.#readDefaults(file, value);
      else if (name === 'profiles') this.#readProfiles(file, value);
      else if (name === 'version') {
        if (!value || file.valueOf(value) !== 1) {
          this.#refuse(file.positionOf(value ?? nameNode), 'expected version 1');
        }
      } else {
        const guess = suggestion(name, allSections);
        const others = guess === '' ? `, expected some of ${allSections.join(', ')}` : guess;
        this.#refuse(file.positionOf(nameNode), `unknown section ${name}${others}`);
      }
    }
  }

  #readSection(file: YamlFile, section: Section, value: Node | undefined): void {
    for (const { isSound, ...member } of this.#namedMembers(file, section, value)) {
      const { entry, problems } = readEntry(file, section, member);
      this.problems.push(...problems);
      if (entry && isSound && problems.length === 0) this.entries[section].set(member.name, entry);
      else if (entry) this.unusable.push(entry);
    }
  }

  #readProfiles(file: YamlFile, value: Node | undefined): void {
    for (const { isSound, ...member } of this.#namedMembers(file, 'profiles', value)) {
      if (!member.value) {
        if (isSound) this.profiles.set(member.name, {});
        continue;
      }
      const owner = { section: 'profiles', name: member.name } as const;
      const { settings, problems } = readShared(file, member.value, owner);
      this.problems.push(...problems);
      if (isSound && problems.length === 0) this.profiles.set(member.name, settings);
    }
  }

  #readDefaults(file: YamlFile, value: Node | undefined): void {
    if (!value) return;
    const owner = { section: 'defaults', name: 'defaults' } as const;
    const isRepeated = this.#refuseRepeated(file, value, owner);
    const { settings, problems } = readShared(file, value, owner);
    this.problems.push(...problems);
    if (isRepeated) return;
    for (const [section, part] of Object.entries(settings)) {
      const name = file.find(value, [section], 'name');
      if (this.#isNew(`defaults ${section}`, name, `the defaults of ${section} are`, undefined)) {
        this.defaults = { ...this.defaults, [section]: part as object };
      }
    }
  }

  /** All of a section; sound are those with a good name that nobody else has, and no setting twice. */
  #namedMembers(file: YamlFile, section: Section | 'profiles', value: Node | undefined): NamedMember[] {
    if (!value) return [];
    const members = file.entriesOf(value);
    if (!members) {
      this.#refuse(file.positionOf(value), `expected ${section} by name`);
      return [];
    }
    const twice = new Set(file.repeatedKeys(value, { shallow: true }).map(({ name }) => name));
    return members.map((member) => {
      const { name, nameNode: node, value } = member;
      const position = file.positionOf(node);
      const owner: EntryName = { section, name };
      const isGood = namePattern.test(name);
      if (!isGood) this.#refuse(position, 'expected a name of letters, digits, dots, - and _', owner);
      const isNew = isGood && this.#isNew(`${section} ${name}`, position, `${name} is`, owner);
      const isRepeated = value !== undefined && this.#refuseRepeated(file, value, owner);
      return { ...member, isSound: isNew && !isRepeated && !twice.has(name) };
    });
  }

  /** Of two settings of one name nobody knows which was meant. */
  #refuseRepeated(file: YamlFile, value: Node, owner: EntryName): boolean {
    const repeated = file.repeatedKeys(value);
    for (const { name, ...position } of repeated) {
      this.#refuse(position, `the setting ${name} is there twice`, owner);
    }
    return repeated.length > 0;
  }

  /** A name that two files have means neither: which one was meant, nobody knows. */
  #isNew(key: string, position: Position, what: string, owner: EntryName | undefined): boolean {
    const before = this.#places.get(key);
    if (!before) {
      this.#places.set(key, position);
      return true;
    }
    this.#refuse(position, `${what} defined already, in ${placeText(before)}`, owner);
    if (owner?.section === 'profiles') this.profiles.delete(owner.name);
    else if (owner && owner.section !== 'defaults') {
      const first = this.entries[owner.section].get(owner.name);
      if (first) this.unusable.push(first);
      this.entries[owner.section].delete(owner.name);
    }
    return false;
  }

  #refuse(position: Position, message: string, entry?: EntryName): void {
    this.problems.push({ ...position, message, ...(entry && { entry }) });
  }
}
