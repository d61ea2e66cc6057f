/** Checks, shows and describes the configuration. */
import { stringify } from 'yaml';
import { type EffectiveConfig, effectiveConfig, inOrder } from '../config/effective.ts';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { missingFiles } from '../config/missing-files.ts';
import { problemLine } from '../config/problem.ts';
import { jsonSchema, type Section, sectionNames } from '../config/schema/schema.ts';
import { shownSettings } from '../config/show.ts';
import { HoldfastError } from '../kernel/errors.ts';
import { configPlaces } from './configuration/places.ts';
import { plural } from './output/format.ts';
import type { Invocation } from './verb.ts';

/** Code `not-found` when there is none. */
function readConfiguration({ settings, environment }: Invocation): {
  readonly loaded: LoadedConfig;
  readonly config: EffectiveConfig;
} {
  const loaded = loadConfig(configPlaces(settings.configuration, environment));
  if (loaded.place !== undefined) return { loaded, config: effectiveConfig(loaded) };
  throw new HoldfastError('not-found', 'there is no configuration', {
    hint: 'write ~/.config/holdfast/holdfast.yaml, or name a file with --config or HOLDFAST_CONFIG',
  });
}

/** Code `usage` when anything is wrong. */
export function runConfigCheck(invocation: Invocation): void {
  const { terminal } = invocation;
  const { loaded, config } = readConfiguration(invocation);
  const counts = sectionNames.map((section) => [section, config[section].size] as const);
  const problems = inOrder([...config.problems, ...missingFiles(loaded, config)], config.files);
  if (problems.length === 0 && counts.every(([, count]) => count === 0)) {
    // a file that was cut off, or mounted empty, backs up nothing
    const message = 'nothing is in it: no source, no vault, no job';
    problems.push({ file: config.place!, line: undefined, column: undefined, message });
  }
  for (const problem of problems) {
    if (!terminal.json) terminal.result(problemLine(problem));
    else terminal.emit({ message_type: 'problem', ...problem });
  }
  if (terminal.json) {
    terminal.emit({
      message_type: 'summary',
      ...{ files: config.files, problems: problems.length, ...Object.fromEntries(counts) },
    });
  }
  if (problems.length > 0) {
    throw new HoldfastError('usage', `the configuration has ${plural(problems.length, 'problem')}`);
  }
  const there = counts.filter(([, count]) => count > 0).map(([section, count]) => nounOf(section, count));
  terminal.say(`${config.place}: ${there.join(', ')}`);
}

function nounOf(section: Section, count: number): string {
  return plural(count, section.slice(0, -1));
}

/** Codes `not-found` for a name that nothing has, `usage` when anything is wrong. */
export function runConfigShow(invocation: Invocation, names: readonly string[]): void {
  const { terminal } = invocation;
  const { config } = readConfiguration(invocation);
  const shown = Object.fromEntries(
    sectionNames.flatMap((section) => {
      const wanted = [...config[section].values()].filter(
        ({ name }) => names.length === 0 || names.includes(name),
      );
      const entries = wanted.map(({ name, settings }) => [name, shownSettings(settings)] as const);
      return entries.length === 0 ? [] : [[section, Object.fromEntries(entries)] as const];
    }),
  );
  const all = new Set(Object.values(shown).flatMap((entries) => Object.keys(entries)));
  const absent = names.find((name) => !all.has(name));
  if (absent !== undefined) {
    throw new HoldfastError('not-found', `nothing in the configuration is right and called ${absent}`, {
      hint: '`holdfast config check` tells what is wrong',
    });
  }
  if (terminal.json) terminal.emit(shown);
  else terminal.raw(Object.keys(shown).length === 0 ? '{}\n' : stringify(shown, { lineWidth: 100 }));
  if (names.length > 0 || config.problems.length === 0) return;
  throw new HoldfastError('usage', `the configuration has ${plural(config.problems.length, 'problem')}`, {
    hint: '`holdfast config check` tells them; what is wrong is left out here',
  });
}

export function runConfigSchema({ terminal }: Invocation): void {
  terminal.raw(`${JSON.stringify(jsonSchema(), undefined, 2)}\n`);
}
