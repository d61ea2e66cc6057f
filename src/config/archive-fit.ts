/** What archives do not take of the sources that a job gives them: said when the configuration is checked, not at night. */
import type { Referred } from './archive-names.ts';
import type { EffectiveJob } from './effective.ts';
import { listOf } from './schema/value.ts';

/** What is wrong with the job, in sentences. */
export function unfitForArchives(
  { settings }: EffectiveJob,
  { sources, vaults, groups }: Referred,
): readonly string[] {
  const group = settings.group === undefined ? undefined : groups.get(settings.group);
  const names = listOf(settings.sources ?? group?.settings.sources);
  return listOf(settings.vaults).flatMap((vaultName) => {
    const vault = vaults.get(vaultName);
    if (vault?.kind !== 'archive') return [];
    return names.flatMap((name) => {
      const source = sources.get(name);
      if (source?.kind !== 'url') return [];
      const { connections, url, mask } = source.settings;
      const said: string[] = [];
      if (connections !== undefined) {
        said.push(
          `${name} is read over several connections, and the archive ${vaultName} takes a dump in its order: leave out connections, or back it up there with another job`,
        );
      }
      if (vault.settings.artefacts !== undefined && !url.startsWith('postgres')) {
        said.push(
          `the archive ${vaultName} makes artefacts of databases of PostgreSQL alone, and ${name} is none`,
        );
      }
      if (vault.settings.artefacts !== undefined && mask !== undefined) {
        said.push(
          `${name} is masked, and the archive ${vaultName} has artefacts, each with a mask of its own or none: say mask there, and give it a source without`,
        );
      }
      return said;
    });
  });
}
