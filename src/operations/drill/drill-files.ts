/** Drills the snapshot of a file tree: restores it into a folder, and compares every entry with the snapshot. */
import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../../kernel/context.ts';
import { throwIfAborted } from '../../kernel/errors.ts';
import { fromNodeError } from '../../kernel/native/system-error.ts';
import { textToPath } from '../../kernel/path-text.ts';
import { fromGoMode, statMode } from '../../vaults/repository/format/go-mode.ts';
import type { Node } from '../../vaults/repository/format/node.ts';
import type { Repository, SnapshotEntry } from '../../vaults/repository/repository.ts';
import { rootOf } from '../../vaults/repository/tree-path.ts';
import { restore } from '../restore/restore.ts';
import { walkTree } from '../tree-walk.ts';
import { type DrillFindings, noFindings, type Stages } from './report.ts';

export interface FileDrillOptions {
  /** an existing folder with room for all files */
  readonly temporaryFolder: string;
  readonly stages: Stages;
}

/** What is wrong with the snapshot is among the findings; code `disk-full` and what a restore throws. */
export async function drillFiles(
  repository: Repository,
  { id, snapshot }: SnapshotEntry,
  { temporaryFolder, stages }: FileDrillOptions,
  context: Context,
): Promise<DrillFindings> {
  const isRoot = process.getuid?.() === 0;
  const target = await mkdtemp(join(temporaryFolder, 'holdfast-drill-')).catch((error: unknown) => {
    throw fromNodeError('create a folder in', Buffer.from(temporaryFolder), error);
  });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(target, { recursive: true, force: true, maxRetries: 3 }));
  /** by path */
  const problems = new Map<string, string>();
  const restored = await stages.time('restore', () =>
    restore(
      repository,
      {
        ...{ snapshot: id, target, verify: true },
        report(event) {
          if (event.kind === 'problem') problems.set(event.path, event.message);
        },
      },
      context,
    ),
  );
  const differences: string[] = [];
  const counts = { files: 0, directories: 0, others: 0, bytes: 0 };
  /** first names of files with several, by inode and device */
  const firsts = new Map<string, Buffer>();
  let links = 0;
  await stages.time('compare', () =>
    walkTree(
      repository,
      rootOf(snapshot),
      {
        entry(path, node) {
          throwIfAborted(context.signal);
          if (node.type === 'file') counts.files++;
          else if (node.type === 'dir') counts.directories++;
          else counts.others++;
          if (node.type === 'file') counts.bytes += node.size;
          const restoredPath = Buffer.concat([Buffer.from(target), textToPath(path)]);
          let first: Buffer | undefined;
          if (node.type === 'file' && node.links > 1) {
            const key = `${node.inode} ${node.deviceId}`;
            first = firsts.get(key);
            if (first) links++;
            else firsts.set(key, restoredPath);
          }
          if (!isRoot && (node.type === 'dev' || node.type === 'chardev')) problems.delete(path);
          else if (!problems.has(path)) {
            const wrong = compareEntry(restoredPath, node, isRoot, first);
            if (wrong.length > 0) differences.push(`${path}: ${wrong.join(', ')}`);
          }
        },
      },
      context,
    ),
  );
  for (const [path, message] of problems) differences.push(`${path}: ${message}`);
  // of a file with several names the restore reads one
  const read = restored.filesVerified + links;
  if (read !== counts.files && problems.size === 0) {
    differences.push(`${read} of ${counts.files} files were read back`);
  }
  const notes = isRoot ? [] : ['owners and devices were not compared: only root can restore them'];
  return { ...noFindings, differences, notes, counts };
}

/** What is not as the snapshot has it; the content of files was compared by the restore. */
function compareEntry(path: Buffer, node: Node, owners: boolean, first: Buffer | undefined): string[] {
  let found: BigIntStats;
  try {
    found = lstatSync(path, { bigint: true });
  } catch {
    return ['it is missing'];
  }
  const wrong: string[] = [];
  const differ = (what: string, is: number | bigint | string, was: number | bigint | string): void => {
    if (is !== was) wrong.push(`${what} ${is} instead of ${was}`);
  };
  const [mode, wanted] = [Number(found.mode), fromGoMode(node.mode)];
  if ((mode & statMode.format) !== (wanted & statMode.format))
    return [`it is something else than a ${node.type}`];
  if (node.type === 'symlink') {
    const link = readlinkSync(path, 'buffer');
    if (Buffer.compare(link, node.linktarget ?? Buffer.alloc(0)) !== 0) wrong.push('it leads elsewhere');
  } else {
    const octal = (bits: number): string => (bits & 0o7777).toString(8);
    differ('permissions', octal(mode), octal(wanted));
    differ('time', found.mtimeNs, BigInt(node.mtime.sec) * 1_000_000_000n + BigInt(node.mtime.nsec));
  }
  if (node.type === 'file') differ('bytes', Number(found.size), node.size);
  if (first) differ('inode', found.ino, lstatSync(first, { bigint: true, throwIfNoEntry: false })?.ino ?? 0n);
  if (owners) differ('owner', `${found.uid}:${found.gid}`, `${node.uid}:${node.gid}`);
  return wrong;
}
