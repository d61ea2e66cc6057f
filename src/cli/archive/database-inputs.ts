/** What an archive gets of databases of the command line: a dump of each, or those that its vault is set to have. */
import { HoldfastError } from '../../kernel/errors.ts';
import { type ArchiveInput, artefactsInput, databaseInput } from '../../operations/archive/input.ts';
import { loadMasking } from '../../operations/database/load-masking.ts';
import type { ArtefactChoice } from '../../sources/database/artefact.ts';
import type { DatabaseAddress } from '../../sources/database/driver.ts';
import type { Identity } from '../../vaults/archive/layout/layout.ts';
import type { ConfiguredArtefact } from '../configuration/vault.ts';
import type { ChosenDatabases } from '../database-operand.ts';
import type { Invocation } from '../verb.ts';

/** The dumps that the vault of the configuration is set to have of a database; none for one of plain SQL. */
export function vaultArtefacts({ settings: { vault } }: Invocation): readonly ConfiguredArtefact[] {
  return vault?.kind === 'archive' ? vault.artefacts : [];
}

/** What files of this database are called; undefined where nobody said. */
export function namedDatabase(
  { database }: DatabaseAddress,
  { ofServer }: ChosenDatabases,
  name: string | undefined,
): Identity | undefined {
  if (name === undefined) return undefined;
  return ofServer ? { host: name, database } : { host: '', database: name };
}

/** Code `usage` for what contradicts the vault; those of masking rules. */
export async function databaseInputs(
  invocation: Invocation,
  chosen: ChosenDatabases,
  name: string | undefined,
): Promise<readonly ArchiveInput[]> {
  const { driver, addresses, options } = chosen;
  const wanted = vaultArtefacts(invocation);
  if (wanted.length === 0) {
    return addresses.map((address) =>
      databaseInput(driver, address, options, namedDatabase(address, chosen, name)),
    );
  }
  const { format, masking, jobs: _jobs, globals: _globals, ...plain } = options;
  if (masking !== undefined || format !== undefined) {
    const vault = invocation.settings.vault?.name ?? 'the archive';
    throw new HoldfastError(
      'usage',
      `${vault} has dumps of its own choice: it goes without --mask and --format`,
      {
        hint: '`mask` and `format` of its artefacts say what they are; -r archive:LOCATION takes any other',
      },
    );
  }
  const choices = await Promise.all(
    wanted.map(async ({ mask, ...choice }): Promise<ArtefactChoice> => {
      if (mask === undefined) return choice;
      return { ...choice, masking: await loadMasking(invocation, mask, driver) };
    }),
  );
  return addresses.map((address) =>
    artefactsInput(address, choices, plain, namedDatabase(address, chosen, name)),
  );
}
