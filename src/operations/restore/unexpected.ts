/** `--delete`: removes from the target what the snapshot does not have. */
import { HoldfastError } from '../../kernel/errors.ts';
import { pathToText } from '../../kernel/path-text.ts';
import type { RestoreFilter } from '../../sources/files/restore-filter.ts';
import { removeTree } from '../../sources/files/target/remove.ts';
import { isSafeName } from '../../sources/files/target/safe-name.ts';
import type { Node } from '../../vaults/repository/format/node.ts';
import { type Engine, tellItem, tellProblem } from './engine.ts';
import type { Frame } from './walk.ts';

/** Names in a directory of the target that its tree does not have. */
export interface Unexpected {
  readonly frame: Frame;
  /** undefined for the target itself */
  readonly node: Node | undefined;
  readonly names: readonly Uint8Array[];
}

/** What the snapshot has not named in a directory that was gone through, as far as the filter takes it. */
export function unexpectedIn(frame: Frame, filter: RestoreFilter): Uint8Array[] {
  return [...(frame.unexpected ?? [])]
    .map((name) => Buffer.from(name, 'latin1'))
    .filter((name) => filter.enter(frame.filter, name).selected);
}

export function removeUnexpectedNames(engine: Engine, all: readonly Unexpected[]): void {
  const { target, task } = engine;
  // an invalid name in the snapshot means that it cannot be trusted to name everything
  if (!target || !engine.deletes) return;
  for (const { frame, names } of all) {
    for (const name of names) {
      try {
        if (!isSafeName(name)) throw new HoldfastError('failed', 'skipping deletion due to invalid filename');
        removeTree(target, target.directory(frame.location), name, task.dryRun, (path) => {
          engine.totals.filesDeleted++;
          tellItem(engine, 'deleted', 'other', pathToText(path).toWellFormed(), 0);
        });
      } catch (error) {
        tellProblem(engine, frame.location, error);
      }
    }
  }
}
