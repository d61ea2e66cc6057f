/** What the configuration says of a source, as a run needs it. */
import type { EffectiveSource } from '../../config/effective.ts';
import { bytesOf, listOf } from '../../config/schema/value.ts';
import { parseDuration } from '../../kernel/quantity.ts';
import { parseSecretReference } from '../../kernel/secret.ts';
import type { JobSource } from '../../jobs/job.ts';
import type { DatabaseChoices } from '../../sources/database/driver.ts';
import { cacheDirectoryTag } from '../../sources/files/selection.ts';
import type { DatabaseSource } from '../../config/schema/source.ts';

export interface SourceDefaults {
  /** of sources that do not name one */
  readonly hostname: string;
  /** besides their own */
  readonly tags: readonly string[];
}

const defaultStallMs = 600_000;

export function jobSource({ name, kind, settings }: EffectiveSource, defaults: SourceDefaults): JobSource {
  const common = {
    name,
    hostname: settings.host ?? defaults.hostname,
    tags: [...new Set([...listOf(settings.tags), ...defaults.tags])],
    skipIfUnchanged: settings['skip-if-unchanged'] ?? false,
  };
  switch (kind) {
    case 'command':
      return {
        ...{ ...common, kind: 'command', filename: settings.filename },
        command:
          typeof settings.command === 'string' ? ['/bin/sh', '-c', settings.command] : settings.command,
      };
    case 'url':
      return {
        ...{ ...common, kind: 'database', url: settings.url, mask: settings.mask },
        password: settings.password === undefined ? undefined : parseSecretReference(settings.password),
        databases: listOf(settings.databases),
        excludeDatabases: listOf(settings['exclude-databases']),
        choices: databaseChoices(settings),
        stallTimeout: stallTimeout(settings['stall-timeout']),
        archiveName: settings['archive-name'],
        drillSchema: settings['drill-schema'],
      };
    case 'paths': {
      const ignoreInode = settings['ignore-inode'] ?? false;
      const larger = settings['exclude-larger-than'];
      return {
        ...{ ...common, kind: 'files', paths: listOf(settings.paths) },
        excludes: listOf(settings.exclude),
        insensitiveExcludes: listOf(settings.iexclude),
        includes: listOf(settings.include),
        insensitiveIncludes: listOf(settings.iinclude),
        excludeFiles: listOf(settings['exclude-files']),
        excludeIfPresent: [
          ...listOf(settings['exclude-if-present']),
          ...(settings['exclude-caches'] ? [cacheDirectoryTag] : []),
        ],
        excludeLargerThan: larger === undefined ? undefined : bytesOf(larger),
        oneFileSystem: settings['one-file-system'] ?? false,
        sqliteConsistent: settings['sqlite-consistent'] ?? false,
        rules: { ignoreInode, ignoreCtime: ignoreInode || (settings['ignore-ctime'] ?? false) },
        withAtime: settings['with-atime'] ?? false,
        archiveName: settings['archive-name'],
      };
    }
  }
}

function databaseChoices(settings: DatabaseSource): DatabaseChoices {
  const lists = {
    tables: settings.tables,
    excludeTables: settings['exclude-tables'],
    excludeTableData: settings['exclude-table-data'],
    schemas: settings.schemas,
    excludeSchemas: settings['exclude-schemas'],
  };
  const chosen = Object.entries(lists).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, listOf(value)] as const],
  );
  const { format, connections, globals } = settings;
  return {
    ...(Object.fromEntries(chosen) as DatabaseChoices),
    ...(format !== undefined && { format }),
    ...(connections !== undefined && { jobs: connections }),
    ...(globals !== undefined && { globals }),
  };
}

/** `0` is no limit. */
function stallTimeout(text: string | undefined): number | undefined {
  const ms = text === undefined ? defaultStallMs : parseDuration(text, 'stall-timeout');
  return ms === 0 ? undefined : ms;
}
