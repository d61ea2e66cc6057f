/** Spares the programs of a long test what scrypt takes at each start, once each has opened the costly key. */
import { createContext } from '../../src/kernel/context.ts';
import { changePassword } from '../../src/operations/key.ts';
import { openStorage } from '../../src/storage/open.ts';
import { openRepository } from '../../src/vaults/repository/open.ts';
import type { RepositoryAccess } from './restic.ts';

/** Replaces the key of a repository by one that the same password opens at once. */
export async function cheapenKey(access: RepositoryAccess): Promise<void> {
  const environment = { ...process.env, ...access.env };
  const storage = await openStorage(access.repository, { environment });
  const password = Buffer.from(access.password);
  await using repository = await openRepository(storage, password);
  await changePassword(repository, { password, cost: 'random-key' }, createContext());
}
