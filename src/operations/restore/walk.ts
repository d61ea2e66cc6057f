/** Goes through the trees of a snapshot once, makes the directories, and lays down in the plan what goes into them. */
import { readdirSync } from 'node:fs';
import { HoldfastError, hasCode, throwIfAborted } from '../../kernel/errors.ts';
import { asBuffer } from '../../kernel/native/c-string.ts';
import { pathThrough } from '../../kernel/native/directory-handle.ts';
import { calling } from '../../kernel/native/system-error.ts';
import { joinPath } from '../../sources/files/path.ts';
import type { FilterState, RestoreFilter } from '../../sources/files/restore-filter.ts';
import { ensureDirectory } from '../../sources/files/target/create.ts';
import { isSafeName } from '../../sources/files/target/safe-name.ts';
import type { Node } from '../../vaults/repository/format/node.ts';
import { treeBatches } from '../tree-walk.ts';
import { type Engine, tellProblem } from './engine.ts';
import type { PlanWindow } from './window.ts';

/** A directory of the snapshot that the walk is in. */
export interface Frame {
  readonly parent: Frame | undefined;
  /** raw path below the target, '' for the target itself */
  readonly location: Uint8Array;
  readonly name: Uint8Array;
  readonly filter: FilterState;
  /**
   * 'unmade' until something is to be restored in it; a fresh one holds nothing but what this restore makes; one that
   * could not be made was told, and what belongs in it is passed over
   */
  standing: 'unmade' | 'fresh' | 'existing' | 'refused';
  /** its record in the window of this number */
  ref: number;
  window: number;
  /** names that stand there and that the snapshot has not named yet, as latin1 text; undefined when nothing is deleted */
  readonly unexpected: Set<string> | undefined;
}

/** Walks everything below `tree` that the filter takes. */
export async function walkSnapshot(
  engine: Engine,
  window: PlanWindow,
  filter: RestoreFilter,
  tree: Uint8Array,
): Promise<void> {
  const location = new Uint8Array(0);
  const names = engine.target ? namesIn(engine, location) : [];
  const root: Frame = {
    parent: undefined,
    location,
    name: location,
    filter: filter.root,
    standing: names?.length === 0 ? 'fresh' : 'existing',
    ref: 0,
    window: -1,
    unexpected: engine.deletes ? new Set(names) : undefined,
  };
  if (await walkDirectory(engine, window, filter, root, tree)) window.leave(root, undefined, filter);
}

/** True when something in it was selected. */
async function walkDirectory(
  engine: Engine,
  window: PlanWindow,
  filter: RestoreFilter,
  frame: Frame,
  tree: Uint8Array,
): Promise<boolean> {
  let restored = false;
  const batches = treeBatches(engine.repository, tree);
  for (;;) {
    let batch: readonly Node[];
    try {
      const step = await batches.next();
      if (step.done) return restored;
      batch = step.value;
    } catch (error) {
      if (hasCode(error, 'interrupted')) throw error;
      // what it holds is not known: nothing in it is unexpected
      frame.unexpected?.clear();
      tellProblem(engine, frame.location, error);
      return restored;
    }
    for (const node of batch) {
      throwIfAborted(engine.context.signal);
      frame.unexpected?.delete(asBuffer(node.name).toString('latin1'));
      if (!isSafeName(node.name)) {
        const shown = Buffer.from(node.name).toString().toWellFormed();
        const error = new HoldfastError('corrupt', `invalid child node name ${shown}`);
        tellProblem(engine, frame.location, error);
        engine.deletes = false;
        continue;
      }
      const state = filter.enter(frame.filter, node.name);
      restored ||= state.selected;
      if (node.type === 'dir') {
        restored = (await enterDirectory(engine, window, filter, frame, node, state)) || restored;
      } else if (state.selected) {
        settle(engine, frame);
        if (frame.standing === 'refused') {
          engine.totals.filesTotal++;
          engine.totals.bytesTotal += node.size;
          continue;
        }
        if (!window.fits(frame, node)) await window.process();
        window.plan(frame, node);
      }
    }
  }
}

async function enterDirectory(
  engine: Engine,
  window: PlanWindow,
  filter: RestoreFilter,
  parent: Frame,
  node: Node,
  state: FilterState,
): Promise<boolean> {
  const location = parent.parent ? joinPath(parent.location, node.name) : node.name;
  const frame: Frame = {
    parent,
    location,
    name: node.name,
    filter: state,
    standing: 'unmade',
    ref: 0,
    window: -1,
    unexpected: engine.deletes ? new Set(namesIn(engine, location)) : undefined,
  };
  if (state.selected) {
    engine.totals.filesTotal++;
    settle(engine, frame);
  }
  let restored: boolean = state.selected;
  if (state.childMayBeSelected) {
    if (!node.subtree) {
      tellProblem(engine, location, new HoldfastError('corrupt', 'the directory has no tree'));
    } else if (await walkDirectory(engine, window, filter, frame, node.subtree)) {
      restored = true;
    }
  }
  if (restored && frame.standing !== 'refused') {
    if (!window.fits(frame, node)) await window.process();
    window.leave(frame, node, filter);
  }
  return restored;
}

/** Makes the directory with those above it, or finds out what a dry run would find. */
function settle(engine: Engine, frame: Frame): void {
  if (frame.standing !== 'unmade') return;
  const parent = frame.parent!;
  settle(engine, parent);
  if (parent.standing === 'refused') {
    frame.standing = 'refused';
    return;
  }
  if (engine.task.dryRun) {
    const stands = parent.standing === 'existing' && namesIn(engine, frame.location) !== undefined;
    frame.standing = stands ? 'existing' : 'fresh';
    return;
  }
  try {
    const target = engine.target!;
    const made = ensureDirectory(target, target.directory(parent.location), frame.name);
    frame.standing = made ? 'fresh' : 'existing';
  } catch (error) {
    tellProblem(engine, frame.location, error);
    frame.standing = 'refused';
  }
}

/** Names in a directory of the target, as latin1 text; undefined when there is no such directory. */
function namesIn(engine: Engine, location: Uint8Array): string[] | undefined {
  const { target } = engine;
  if (!target) return undefined;
  try {
    const path = pathThrough(target.directory(location), Buffer.from('.'));
    return calling('read', location, () => readdirSync(path, { encoding: 'latin1' }));
  } catch (error) {
    // what may not be read cannot be cleared either
    if (engine.deletes && hasCode(error, 'forbidden')) tellProblem(engine, location, error);
    return undefined;
  }
}
