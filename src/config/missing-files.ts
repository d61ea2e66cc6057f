/** Files that settings name and that are not there: a check tells them, while a run fails in what needs them alone. */
import { statSync } from 'node:fs';
import type { EffectiveConfig } from './effective.ts';
import type { LoadedConfig } from './load.ts';
import type { Problem } from './problem.ts';
import { sectionNames } from './schema/schema.ts';
import { listOf } from './schema/value.ts';

/** Settings that name files which every run reads; what opens backups again may be kept elsewhere. */
const readSettings = new Set([
  'ca-file',
  'ca-files',
  'client-certificate',
  'exclude-files',
  'key-file',
  'mask',
  'queries',
  'recipients',
  'signing-key',
]);

/** One for each file, at the first entry that names it. */
export function missingFiles(loaded: LoadedConfig, config: EffectiveConfig): Problem[] {
  const problems = new Map<string, Problem>();
  for (const section of sectionNames) {
    for (const { name, settings } of config[section].values()) {
      for (const { path, file } of namedFiles(settings, [])) {
        const setting = path.find((step) => typeof step === 'string' && readSettings.has(step));
        const key = `${String(setting)}\0${file}`;
        if (problems.has(key) || !isMissing(file)) continue;
        const position = loaded.entries[section].get(name)!.find(path);
        const message = `${name}: there is no file ${file}, which ${String(setting)} names`;
        problems.set(key, { ...position, message, entry: { section, name } });
      }
    }
  }
  return [...problems.values()];
}

interface NamedFile {
  readonly path: readonly PropertyKey[];
  readonly file: string;
}

function namedFiles(settings: object, path: readonly PropertyKey[]): NamedFile[] {
  return Object.entries(settings).flatMap(([name, value]: [string, unknown]) => {
    const here = [...path, name];
    if (readSettings.has(name)) {
      const files = listOf(value as string | string[]);
      return files.flatMap((file, i) => {
        if (name === 'recipients' && file.startsWith('age1')) return [];
        return [{ path: Array.isArray(value) ? [...here, i] : here, file }];
      });
    }
    if (Array.isArray(value)) {
      return value.flatMap((item: unknown, i) =>
        typeof item === 'object' && item !== null ? namedFiles(item, [...here, i]) : [],
      );
    }
    return typeof value === 'object' && value !== null ? namedFiles(value, here) : [];
  });
}

/** What may not be looked at may be there. */
function isMissing(file: string): boolean {
  try {
    statSync(file);
    return false;
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
}
