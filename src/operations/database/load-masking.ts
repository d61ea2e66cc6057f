/** What rules of masking ask for: those of a file, and the key under which values become others. */
import type { Context } from '../../kernel/context.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import type { DatabaseDriver, Environment, StoredDatabase } from '../../sources/database/driver.ts';
import { driverOfKind } from '../../sources/database/drivers.ts';
import type { MaskingKey } from '../../sources/masking/keyed-functions.ts';
import type { Masking } from '../../sources/masking/masking.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import { repositoryMaskingKey } from './masking-key.ts';

/** Where references to keys are read. */
interface MaskingContext {
  readonly environment: Environment;
  readonly context: Context;
}

/**
 * For a backup. Whoever reads the repository could undo masking under a key that the repository has, so rules that need
 * a key must say where theirs is: code `usage`.
 */
export async function loadMasking(
  where: MaskingContext,
  file: string,
  driver: DatabaseDriver,
): Promise<Masking> {
  requireMasking(driver);
  return load(where, file, (rules) => {
    throw new HoldfastError(
      'usage',
      `${rules}: masking at backup needs a key, and the rules do not say where it is`,
      {
        hint: '`openssl rand -hex 32 > FILE` makes one, and `key: file:FILE` in the rules names it; keep it away from whoever gets the masked data',
      },
    );
  });
}

/** For what comes out of a repository; without a key in the rules the repository's own one leads to one. */
export function storedMasker(
  where: MaskingContext,
  file: string | undefined,
  repository: Repository,
): ((stored: StoredDatabase) => Promise<StoredDatabase>) | undefined {
  if (file === undefined) return undefined;
  return async (stored) => {
    const masking = await load(where, file, () => repositoryMaskingKey(repository.key));
    const { kind } = stored.evidence;
    return requireMasking(await driverOfKind(kind))(stored, masking);
  };
}

function requireMasking({ mask, kinds }: DatabaseDriver): NonNullable<DatabaseDriver['mask']> {
  if (mask) return mask;
  throw new HoldfastError('unsupported', `databases of ${kinds.join(' and ')} cannot be masked`);
}

async function load(
  { environment, context }: MaskingContext,
  file: string,
  otherKey: (file: string) => MaskingKey,
): Promise<Masking> {
  // most runs mask nothing, and what reads rules takes its time to load
  const { loadMaskingRules } = await import('../../sources/masking/rules-file.ts');
  const { needsKey } = await import('../../sources/masking/rule.ts');
  const rules = await loadMaskingRules(file);
  const warn = (message: string): void => context.warn(message);
  const { signal } = context;
  if (rules.key !== undefined) {
    const { readMaskingKey } = await import('../../sources/masking/key.ts');
    return { rules, key: await readMaskingKey(rules.key, environment, signal), warn, signal };
  }
  return { rules, key: needsKey(rules) ? otherKey(rules.file) : noKey, warn, signal };
}

/** Of rules that make the same of every value. */
const noKey: MaskingKey = {
  functions() {
    throw new HoldfastError('failed', 'a masking rule needs a key after all');
  },
};
