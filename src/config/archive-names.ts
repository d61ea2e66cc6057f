/** Names in archives mean one source each: two sources of one name in one archive would be taken for each other. */
import { hostname } from 'node:os';
import { splitExtension } from '../vaults/archive/layout/extension.ts';
import { coreName } from '../vaults/archive/layout/layout.ts';
import { pathsIdentity } from '../vaults/archive/layout/paths-identity.ts';
import type { EffectiveGroup, EffectiveJob, EffectiveSource, EffectiveVault } from './effective.ts';
import { listOf } from './schema/value.ts';

export interface Referred {
  readonly sources: ReadonlyMap<string, EffectiveSource>;
  readonly vaults: ReadonlyMap<string, EffectiveVault>;
  readonly groups: ReadonlyMap<string, EffectiveGroup>;
}

interface ArchivedSource {
  /** the location */
  readonly archive: string;
  readonly vault: string;
  readonly source: EffectiveSource;
  /** undefined where the server must be asked */
  readonly name: string | undefined;
}

/**
 * What is wrong with the job by itself and beside the others, in sentences. Names of databases without an `archive-name`
 * are not known before their server is asked.
 */
export function equalNames(
  job: EffectiveJob,
  others: readonly EffectiveJob[],
  referred: Referred,
): readonly string[] {
  const own = archivedBy(job, referred);
  const known = others.flatMap((other) => archivedBy(other, referred));
  const said = own.flatMap((one, i) => {
    const twin = [...known, ...own.slice(0, i)].find((other) => isTwin(one, other));
    if (!twin) return [];
    const key = one.source.kind === 'command' ? 'filename' : 'archive-name';
    return [
      `${twin.source.name} and ${one.source.name} have one name in the archive ${one.vault}, ${one.name}: give one of them another ${key}`,
    ];
  });
  return [...new Set(said)];
}

function archivedBy(job: EffectiveJob, { sources, vaults, groups }: Referred): ArchivedSource[] {
  const { settings } = job;
  const group = settings.group === undefined ? undefined : groups.get(settings.group);
  const names = listOf(settings.sources ?? group?.settings.sources);
  return listOf(settings.vaults).flatMap((vaultName) => {
    const vault = vaults.get(vaultName);
    if (vault?.kind !== 'archive') return [];
    return names.flatMap((sourceName) => {
      const source = sources.get(sourceName);
      if (!source) return [];
      const name = nameOf(source, settings.host ?? hostname());
      return [{ archive: vault.settings.archive, vault: vaultName, source, name }];
    });
  });
}

function nameOf({ kind, settings }: EffectiveSource, jobHost: string): string | undefined {
  const host = settings.host ?? jobHost;
  if (kind === 'command') {
    const { filename } = settings;
    return coreName({ host, database: splitExtension(filename.slice(filename.lastIndexOf('/') + 1)).stem });
  }
  const named = settings['archive-name'];
  if (named !== undefined) return coreName({ host: '', database: named });
  return kind === 'paths' ? coreName(pathsIdentity(listOf(settings.paths), host)) : undefined;
}

function isTwin(one: ArchivedSource, other: ArchivedSource): boolean {
  if (one.name === undefined || one.name !== other.name || one.archive !== other.archive) return false;
  const [a, b] = [one.source, other.source];
  if (a.name === b.name) return false;
  // the same in two ways, such as masked and as it is
  if (a.kind === 'url' && b.kind === 'url') return a.settings.url !== b.settings.url;
  if (a.kind !== 'paths' || b.kind !== 'paths') return true;
  const paths = listOf(b.settings.paths);
  return !listOf(a.settings.paths).some((path) => paths.includes(path));
}
