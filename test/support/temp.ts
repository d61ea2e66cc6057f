/** Temporary folders that are gone when their test is over, also when restored modes forbid to enter them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What node:test's context and its suites offer for cleaning up. */
export interface Cleanup {
  after(fn: () => void | Promise<void>): void;
}

/** Makes an empty folder, absolute path, which is removed after the test. */
export function tempFolder(t: Cleanup, name = 'holdfast'): string {
  const path = mkdtempSync(join(tmpdir(), `${name}-`));
  t.after(() => removeTree(path));
  return path;
}

/** Makes a folder for what `start` starts and in the end removes; when that fails, it is removed at once. */
export async function inFolder<T>(name: string, start: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  try {
    return await start(folder);
  } catch (error) {
    removeTree(folder);
    throw error;
  }
}

/** Removes a folder with all that is in it. */
export function removeTree(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // unreadable folders and names that are not UTF-8 are beyond rmSync
    spawnSync('chmod', ['-R', 'u+rwX', path]);
    spawnSync('rm', ['-rf', path]);
  }
}
