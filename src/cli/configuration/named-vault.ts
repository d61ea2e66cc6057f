/** A bare name after `-r`: the vault of the configuration that is called so, where there is one. */
import { existsSync } from 'node:fs';
import { HoldfastError } from '../../kernel/errors.ts';
import type { Environment } from '../environment.ts';
import { configPlaces } from './places.ts';
import type { ConfiguredVault } from './vault.ts';

/** Neither a path with folders nor a location with a kind. */
const bareName = /^[A-Za-z0-9][\w.-]*$/;

/**
 * The vault; undefined when `text` is something else, or nothing is configured under this name. `say` is told when a
 * file or folder of that name is there as well. Code `usage` when the configuration of that vault is wrong.
 */
export async function namedVault(
  text: string | undefined,
  configuration: string | undefined,
  environment: Environment,
  say: (line: string) => void,
): Promise<ConfiguredVault | undefined> {
  if (text === undefined || !bareName.test(text)) return undefined;
  const places = configPlaces(configuration, environment);
  const { findConfigFiles } = await import('../../config/find-files.ts');
  // nothing more is loaded for those who have no configuration
  if (findConfigFiles(places).files.length === 0) return undefined;
  const { loadConfig } = await import('../../config/load.ts');
  const { effectiveConfig } = await import('../../config/effective.ts');
  const { problemLine } = await import('../../config/problem.ts');
  const { configuredVault } = await import('./vault.ts');
  const config = effectiveConfig(loadConfig(places));
  const vault = config.vaults.get(text);
  if (!vault) {
    // an unreadable file may be the one that has it: to take the name for a path would be a surprise
    const problem = config.problems.find(
      ({ entry }) => entry === undefined || (entry.section === 'vaults' && entry.name === text),
    );
    if (!problem || (problem.entry === undefined && existsSync(text))) return undefined;
    throw new HoldfastError('usage', problemLine(problem), {
      hint: '`holdfast config check` tells everything',
    });
  }
  if (existsSync(text)) say(`${text} is the vault of the configuration; ./${text} would be the path`);
  return configuredVault(vault);
}
