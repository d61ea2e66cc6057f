/** Where locks of jobs lie: in the user's state directory, or where that cannot be, in a container say, in one of its own. */
import { access, constants, lstat, mkdir } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { HoldfastError } from '../kernel/errors.ts';
import { stateDirectory } from './directories.ts';
import type { Environment } from './environment.ts';

/** An existing folder. Code `forbidden` when there is no place for it at all. */
export async function stateFolder(environment: Environment): Promise<string> {
  const named = environment['HOLDFAST_STATE_DIR'];
  if (named) return join(stateDirectory(environment), 'jobs');
  try {
    const usual = join(stateDirectory(environment), 'jobs');
    await mkdir(usual, { recursive: true, mode: 0o700 });
    await access(usual, constants.W_OK);
    return usual;
  } catch {
    return temporaryFolder();
  }
}

/** The same for all runs of this user, and nobody else's: others may write beside it. */
async function temporaryFolder(): Promise<string> {
  const user = process.getuid?.() ?? userInfo().username;
  const folder = join(tmpdir(), `holdfast-${user}`);
  await mkdir(folder, { mode: 0o700 }).catch(() => {});
  const found = await lstat(folder).catch(() => undefined);
  const isOwn = process.getuid === undefined || found?.uid === process.getuid();
  if (found?.isDirectory() && isOwn && (found.mode & 0o022) === 0) return folder;
  throw new HoldfastError(
    'forbidden',
    `there is no folder for the locks of jobs, and ${folder} is not to be trusted`,
    {
      hint: 'HOLDFAST_STATE_DIR names one',
    },
  );
}
