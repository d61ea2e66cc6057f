/** A repository under a lock: what cannot be taken back first makes sure that the lock is still held. */
import type { Repository } from './repository.ts';

/**
 * `repository`, whose snapshots are written and whose files are removed only once `ensure` has resolved. Packs and
 * indexes are added without it: nobody misses them when the lock is lost.
 */
export function ensuredRepository(repository: Repository, ensure: () => Promise<void>): Repository {
  return {
    ...repository,
    async writeFile(kind, json) {
      if (kind === 'snapshot') await ensure();
      return repository.writeFile(kind, json);
    },
    async removeFile(kind, id) {
      await ensure();
      return repository.removeFile(kind, id);
    },
  };
}
