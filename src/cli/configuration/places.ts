/** Where this program looks for its configuration. */
import type { ConfigPlaces } from '../../config/find-files.ts';
import { configDirectory } from '../directories.ts';
import type { Environment } from '../environment.ts';

/** The flag, then HOLDFAST_CONFIG, then the folders of the user and of the machine. */
export function configPlaces(flag: string | undefined, environment: Environment): ConfigPlaces {
  const named = flag ?? (environment['HOLDFAST_CONFIG'] || undefined);
  return { named, usual: [...ownFolder(environment), '/etc/holdfast'] };
}

/** A user without a home has none. */
function ownFolder(environment: Environment): string[] {
  try {
    return [configDirectory(environment)];
  } catch {
    return [];
  }
}
