/** Marks by which a process is known again on the machine that it runs on, and nowhere else. */
import { readFileSync, readlinkSync } from 'node:fs';

/**
 * The running system, the namespace in which the number counts, and the moment at which the process began: no two
 * processes have all three in common, whatever their machines and containers are called. Linux alone tells them;
 * undefined elsewhere, and when no process of that number runs here.
 */
export function processMark(pid: number): string | undefined {
  const place = systemMark();
  const started = place === undefined ? undefined : startOf(pid);
  return started === undefined ? undefined : `${place} ${started}`;
}

/** True when the process of this number and mark ran on this very system, and does so no more. */
export function hasEnded(pid: number, mark: string): boolean {
  const place = systemMark();
  if (place === undefined || !mark.startsWith(`${place} `)) return false;
  const now = processMark(pid);
  // what /proc hides from us may run all the same
  return now === undefined ? !isRunning(pid) : now !== mark;
}

/** Whether a process of that number runs here. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as another user
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

let known: { readonly mark: string | undefined } | undefined;

function systemMark(): string | undefined {
  known ??= { mark: readSystemMark() };
  return known.mark;
}

function readSystemMark(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}

/** In ticks since the system began (proc_pid_stat(5), field 22). The name before it may hold anything. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
