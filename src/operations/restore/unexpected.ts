/** `--delete`: removes from the target what the snapshot does not have. */
import { HoldfastError } from '../../kernel/errors.ts';
import { pathToText } from '../../sources/files/path-text.ts';
import { isSafeName } from '../../sources/files/target/safe-name.ts';
import { removeTree } from '../../sources/files/target/remove.ts';
import { type Engine, tellItem, tellProblem } from './engine.ts';

/** Names in a directory of the target that its tree does not have. */
export interface Unexpected {
  /** raw path below the target */
  readonly location: Uint8Array;
  readonly names: readonly Uint8Array[];
}

export function removeUnexpectedNames(engine: Engine, all: readonly Unexpected[]): void {
  const { target, task } = engine;
  if (!target) return;
  for (const { location, names } of all) {
    // an invalid name in the snapshot, met since, means that it cannot be trusted to name everything
    if (!engine.deletes) return;
    for (const name of names) {
      try {
        if (!isSafeName(name)) throw new HoldfastError('failed', 'skipping deletion due to invalid filename');
        removeTree(target, target.directory(location), name, task.dryRun, (path) => {
          engine.totals.filesDeleted++;
          tellItem(engine, 'deleted', 'other', pathToText(path).toWellFormed(), 0);
        });
      } catch (error) {
        tellProblem(engine, location, error);
      }
    }
  }
}
