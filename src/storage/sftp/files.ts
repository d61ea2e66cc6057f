/** Steps on single files and folders of an SSH server, with what servers do differently. */
import { posix } from 'node:path';
import type { Stats } from 'ssh2';
import { status, statusOf } from './errors.ts';
import type { Session } from './session.ts';

/** Bytes: a disk with less room has refused the write for that reason. */
const almostNothing = 1 << 16;
/** Milliseconds that are spent at most on removing what a failed write has left. */
const tidyTimeout = 5000;

/** Makes `folder` and its parents as far as they are absent. */
export async function makeFolder(session: Session, folder: string, mode: number): Promise<void> {
  try {
    await session.ask((sftp, done) => sftp.mkdir(folder, { mode }, done));
  } catch (error) {
    if (await isFolder(session, folder)) return;
    const parent = posix.dirname(folder);
    if (statusOf(error) !== status.noSuchFile || parent === folder) throw error;
    await makeFolder(session, parent, mode);
    await session
      .ask((sftp, done) => sftp.mkdir(folder, { mode }, done))
      .catch(async (again: unknown) => {
        if (!(await isFolder(session, folder))) throw again;
      });
  }
}

/** A new file, open for writing; makes its folder when that is absent. */
export async function createFile(
  session: Session,
  path: string,
  mode: number,
  folderMode: number,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const open = (): Promise<Buffer> =>
    session.ask<Buffer>((sftp, done) => sftp.open(path, 'wx', { mode }, done), signal);
  try {
    return await open();
  } catch (error) {
    if (statusOf(error) !== status.noSuchFile) throw error;
    await makeFolder(session, posix.dirname(path), folderMode);
    return open();
  }
}

export async function sizeOf(
  session: Session,
  handle: Buffer,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { size } = await session.ask<Stats>((sftp, done) => sftp.fstat(handle, done), signal);
  return size;
}

export async function statOrAbsent(
  session: Session,
  path: string,
  signal?: AbortSignal,
): Promise<Stats | undefined> {
  try {
    return await session.ask<Stats>((sftp, done) => sftp.stat(path, done), signal);
  } catch (error) {
    if (statusOf(error) === status.noSuchFile) return undefined;
    throw error;
  }
}

export async function exists(
  session: Session,
  path: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return (await statOrAbsent(session, path, signal)) !== undefined;
}

async function isFolder(session: Session, path: string): Promise<boolean> {
  return (await statOrAbsent(session, path))?.isDirectory() ?? false;
}

/** Replaces what is there, in one step where the server can. */
export async function rename(
  session: Session,
  from: string,
  to: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await session.ask((sftp, done) => sftp.ext_openssh_rename(from, to, done), signal);
  } catch (error) {
    if (!isUnwilling(error)) throw error;
    try {
      await session.ask((sftp, done) => sftp.rename(from, to, done), signal);
    } catch (refusal) {
      if (statusOf(refusal) !== status.failure || !(await exists(session, to, signal))) throw refusal;
      // The server does not replace: for a moment the object is absent, and what was there waits for the end.
      const aside = `${from}0`;
      await session.ask((sftp, done) => sftp.rename(to, aside, done), signal);
      try {
        await session.ask((sftp, done) => sftp.rename(from, to, done));
      } catch (again) {
        await session.ask((sftp, done) => sftp.rename(aside, to, done));
        throw again;
      }
      await tidily(session.ask((sftp, done) => sftp.unlink(aside, done)));
    }
  }
}

/** True when the server does not know a request, or is set up not to do it: there may be another way. */
export function isUnwilling(error: unknown): boolean {
  return statusOf(error) === status.unsupported || statusOf(error) === status.permissionDenied;
}

export async function sync(session: Session, handle: Buffer, signal: AbortSignal | undefined): Promise<void> {
  try {
    await session.ask((sftp, done) => sftp.ext_openssh_fsync(handle, done), signal);
  } catch (error) {
    if (!isUnwilling(error)) throw error;
  }
}

/** What an answer to statvfs@openssh.com tells, of what is asked here. */
interface FileSystem {
  readonly f_bavail: number;
  readonly f_frsize: number;
  readonly f_favail: number;
  readonly f_files: number;
}

/** True when the file system of `folder` has no room left, as far as the server tells. */
export async function isFull(session: Session, folder: string): Promise<boolean> {
  try {
    const found = await session.ask<FileSystem>((sftp, done) => sftp.ext_openssh_statvfs(folder, done));
    const { f_bavail, f_frsize, f_favail, f_files } = found;
    return f_bavail * f_frsize < almostNothing || (f_favail === 0 && f_files > 0);
  } catch {
    return false;
  }
}

/** Waits for a request that cleans up, for a while and whatever comes of it. */
export async function tidily(request: Promise<unknown>): Promise<void> {
  let late: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    late = setTimeout(resolve, tidyTimeout);
  });
  await Promise.race([request.catch(() => {}), patience]);
  clearTimeout(late);
}
