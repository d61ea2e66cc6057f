/** For verbs that write first and remove then: on a storage that only appends they would leave both. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError } from '../kernel/errors.ts';
import type { Repository } from '../vaults/repository/repository.ts';

/** Code `forbidden` when the storage says that nothing may be removed from it. */
export async function assertMayRemove({ storage }: Repository, context: Context): Promise<void> {
  if ((await storage.mayRemove?.({ signal: context.signal })) !== false) return;
  throw new HoldfastError(
    'forbidden',
    `nothing can be removed from ${storage.location}: the server only appends`,
    {
      hint: 'run this where the server is started without --append-only',
    },
  );
}
