/** Who holds a lock, and whether anybody still does. */
import { hostname } from 'node:os';
import { shortId } from './files.ts';
import type { LockFile } from './format/lock.ts';
import { currentUser } from './key-search.ts';
import { hasEnded, isRunning, processMark } from '../../kernel/process-mark.ts';

/** A lock that nobody refreshed for so long is stale: its holder must have stopped by itself. */
export const staleAfterMs = 30 * 60 * 1000;

/** What is asked of the system; given by tests. */
export interface LockHost {
  readonly hostname: string;
  readonly username: string;
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** milliseconds since 1970 at which this process began */
  readonly startedMs: number;
  /** whether a process of that number runs on this machine */
  isRunning(pid: number): boolean;
  /** this process's mark, where the system gives one */
  readonly mark?: string | undefined;
  /** whether the process of that number and mark ran on this very system, and does so no more */
  hasEnded(pid: number, mark: string): boolean;
}

export const thisHost: LockHost = {
  hostname: hostname(),
  username: currentUser(),
  pid: process.pid,
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  startedMs: performance.timeOrigin,
  mark: processMark(process.pid),
  hasEnded,
  isRunning,
};

/** Locks that this process wrote, and those of them that it still holds. */
const written = new Set<string>();
const held = new Set<string>();

export const ownLocks = {
  add(id: string): void {
    written.add(id);
    held.add(id);
  },
  drop(id: string): void {
    held.delete(id);
  },
};

/**
 * True when the lock binds nobody: it was not refreshed for too long, this process left it behind itself, or its holder
 * has certainly ended. That no process of its number runs here is no proof: containers and clones share names.
 */
export function isAbandoned(id: string, lock: LockFile, now: number, host: LockHost): boolean {
  if (now - lock.timeMs > staleAfterMs) return true;
  if (written.has(id)) return !held.has(id);
  return lock.mark !== undefined && host.hasEnded(lock.pid, lock.mark);
}

/** True also when its holder should be on this machine, and is not: what `unlock` removes, as restic's does. */
export function isStale(id: string, lock: LockFile, now: number, host: LockHost): boolean {
  if (isAbandoned(id, lock, now, host)) return true;
  if (lock.hostname !== host.hostname) return false;
  if (lock.pid !== host.pid) return !host.isRunning(lock.pid);
  // Our own number, but not our lock: an earlier process had the number, as happens in containers. A later one can
  // only be in another container that shares the name of this machine: it may be alive.
  return !held.has(id) && lock.timeMs < host.startedMs;
}

/** As restic words it, on one line. */
export function describeLock(id: string, lock: LockFile, now: number): string {
  const age = formatAge(now - lock.timeMs);
  const who = `PID ${lock.pid} on ${lock.hostname} by ${lock.username} (UID ${lock.uid}, GID ${lock.gid})`;
  return `${who}, lock was created at ${formatLocal(lock.timeMs)} (${age} ago), storage ID ${shortId(id)}`;
}

function formatLocal(ms: number): string {
  const date = new Date(ms);
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const h = Math.floor(seconds / 3600);
  const m = Math.floor((seconds % 3600) / 60);
  return `${h > 0 ? `${h}h` : ''}${seconds >= 60 ? `${m}m` : ''}${seconds % 60}s`;
}
