/** Where a throwaway server lives: a folder of its own, and a user who is not root. */
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '../../kernel/errors.ts';
import { createAccounts } from '../../kernel/native/accounts.ts';
import { fromNodeError } from '../../kernel/native/system-error.ts';
import type { UserIdentity } from '../../kernel/process.ts';

export interface ThrowawayFolder extends AsyncDisposable {
  readonly path: string;
  /** who the server runs as; undefined for the user of this process */
  readonly identity: UserIdentity | undefined;
  /** Makes a folder below, for the server. */
  make(name: string): Promise<string>;
}

/** The longest path of a socket that all systems take. */
const longestSocket = 103;

/**
 * Makes a folder that only the server may enter. Root becomes `nobody`, who owns nothing: the databases that are
 * really in use belong to users of their own, and what a restored dump runs must not reach them.
 * @param socket the path of the socket below it
 */
export async function makeThrowawayFolder(
  parent: string,
  socket: string,
  fallbackUsers: readonly string[],
): Promise<ThrowawayFolder> {
  const identity = process.getuid?.() === 0 ? unprivileged(['nobody', ...fallbackUsers]) : undefined;
  const path = await mkdtemp(join(parent, 'holdfast-drill-')).catch((error: unknown) => {
    throw fromNodeError('create a folder in', Buffer.from(parent), error);
  });
  const give = async (folder: string): Promise<void> => {
    if (identity) await chown(folder, identity.uid, identity.gid);
  };
  const remove = (): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 5 });
  try {
    if (Buffer.byteLength(join(path, socket)) > longestSocket) {
      throw new HoldfastError('usage', `the path ${path} is too long for a socket`, {
        hint: 'choose a folder with a shorter path with TMPDIR',
      });
    }
    await give(path);
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    path,
    identity,
    async make(name) {
      const folder = join(path, name);
      await mkdir(folder, { mode: 0o700 });
      await give(folder);
      return folder;
    },
    [Symbol.asyncDispose]: remove,
  };
}

function unprivileged(names: readonly string[]): UserIdentity {
  const accounts = createAccounts();
  for (const name of names) {
    const uid = accounts.userId(name);
    if (uid === undefined || uid === 0) continue;
    // nobody's group is called so, or nogroup, or has the same number
    const gid = accounts.groupId(name) ?? accounts.groupId('nogroup') ?? uid;
    return { uid, gid };
  }
  throw new HoldfastError(
    'missing-here',
    `there is no user ${names.join(' or ')} to run a throwaway server as`,
    {
      hint: 'run the drill as another user than root',
    },
  );
}
