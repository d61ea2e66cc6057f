/** Hard links of a restore: the first name of a file is restored, the others are linked to it when it is there. */
import { hasCode } from '../../kernel/errors.ts';
import type { StatRecords } from '../../kernel/native/stat-record.ts';
import { createHardLink } from '../../sources/files/target/create.ts';
import { mayOverwrite } from '../../sources/files/target/overwrite.ts';
import type { Node } from '../../vaults/repository/format/node.ts';
import { type Engine, tellItem, tellProblem } from './engine.ts';
import type { Frame } from './walk.ts';

export interface Linker {
  /** True when the file is another name of one that was planned already; it is then linked later. */
  isLink(node: Node, frame: Frame, path: Uint8Array): boolean;
  makeLinks(): void;
}

interface Name {
  readonly directory: Uint8Array;
  readonly name: Uint8Array;
}

interface Link extends Name {
  readonly first: Name;
  readonly path: Uint8Array;
  readonly mtime: Node['mtime'];
}

export function createLinker(engine: Engine): Linker {
  /** first names by inode and device, with how many names are still to come */
  const firsts = new Map<string, Name & { left: number }>();
  let links: Link[] = [];

  /** What has the name now; in a dry run its directory may be missing. */
  function standing({ directory, name }: Name): StatRecords | undefined {
    const { target, task } = engine;
    if (!target) return undefined;
    try {
      return target.stat(target.directory(directory), name);
    } catch (error) {
      if (task.dryRun && hasCode(error, 'not-found', 'failed')) return undefined;
      throw error;
    }
  }

  function make({ first, directory, name, path, mtime }: Link): void {
    const { task } = engine;
    const stat = standing({ directory, name });
    if (!mayOverwrite(task.overwrite, stat, { size: 0, mtime })) {
      engine.totals.filesSkipped++;
      return tellItem(engine, 'unchanged', 'file', path, 0);
    }
    if (!task.dryRun) {
      const target = engine.target!;
      const original = standing(first);
      const same =
        stat && original && stat.inode(0) === original.inode(0) && stat.device(0) === original.device(0);
      if (!same) {
        // both are asked for at once: opening one may close another
        const from = { parent: target.directory(first.directory), name: first.name };
        createHardLink(target, from, target.directory(directory), name);
      }
    }
    engine.totals.filesRestored++;
    tellItem(engine, 'restored', 'other', path, 0);
  }

  return {
    isLink(node, frame, path) {
      if (node.links <= 1) return false;
      const key = `${node.inode} ${node.deviceId}`;
      const first = firsts.get(key);
      if (!first) {
        firsts.set(key, { directory: frame.location, name: node.name, left: node.links - 1 });
        return false;
      }
      if (--first.left === 0) firsts.delete(key);
      links.push({ first, directory: frame.location, name: node.name, path, mtime: node.mtime });
      return true;
    },
    makeLinks() {
      for (const link of links) {
        try {
          make(link);
        } catch (error) {
          tellProblem(engine, link.path, error);
        }
      }
      links = [];
    },
  };
}
