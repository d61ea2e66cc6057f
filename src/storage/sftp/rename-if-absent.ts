/** Puts a finished file under a name only if nobody has it, by what each server has for that. */
import { status, statusOf } from './errors.ts';
import { exists, isUnwilling, tidily } from './files.ts';
import type { Session } from './session.ts';

/** Whether a server makes hard links, and so decides by itself who was first; known after the first try. */
export interface HardLinks {
  work: boolean;
}

/** False when somebody has the name; the file is where it was then. */
export async function renameIfAbsent(
  session: Session,
  from: string,
  to: string,
  hardLinks: HardLinks,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    if (hardLinks.work) {
      await session.ask((sftp, done) => sftp.ext_openssh_hardlink(from, to, done), signal);
      await tidily(session.ask((sftp, done) => sftp.unlink(from, done)));
      return true;
    }
  } catch (error) {
    if (await exists(session, to, signal)) return false;
    if (!isUnwilling(error) && statusOf(error) !== status.failure) throw error;
    // A server or a file system without hard links.
    hardLinks.work = false;
  }
  try {
    // By its rules, but not on every server, this refuses to replace.
    await session.ask((sftp, done) => sftp.rename(from, to, done), signal);
    return true;
  } catch (error) {
    if (await exists(session, to, signal)) return false;
    throw error;
  }
}
