/**
 * A part of the snapshot that is planned and then restored as a whole, each of its packs read once. Usually it is the
 * whole snapshot; a larger one takes several windows, so that memory stays bounded.
 */
import { HoldfastError } from '../../kernel/errors.ts';
import { toHex } from '../../kernel/hex.ts';
import type { RestoreFilter } from '../../sources/files/restore-filter.ts';
import type { Node } from '../../vaults/repository/format/node.ts';
import { plainLength } from '../blob-set.ts';
import { type Engine, tellItem, tellProblem } from './engine.ts';
import { createLinker } from './links.ts';
import { createPackWriter } from './pack-writer.ts';
import { fileState, PlanArena } from './plan-arena.ts';
import type { RestoreRequest } from './protocol.ts';
import { removeUnexpectedNames, unexpectedIn, type Unexpected } from './unexpected.ts';
import type { Frame } from './walk.ts';

export interface PlanWindow {
  /** False when the window must be processed before this entry can be planned. */
  fits(frame: Frame, node: Node): boolean;
  /** Lays down a file, symlink or special file. */
  plan(frame: Frame, node: Node): void;
  /** A directory is complete; `node` is undefined for the target itself. */
  leave(frame: Frame, node: Node | undefined, filter: RestoreFilter): void;
  /** Restores all that was planned, and begins anew. */
  process(): Promise<void>;
  /** The last window, and what has to wait until the snapshot is known as a whole. */
  finish(): Promise<void>;
}

export interface WindowLimits {
  /** memory set aside for records, which is taken when it is used */
  readonly bytes: number;
  /** blobs, about; they take 20 bytes each */
  readonly blobs: number;
}

/** Half a million files and more. */
export const defaultLimits: WindowLimits = { bytes: 64 * 1024 * 1024, blobs: 2_000_000 };
/** Entries that a thread is given at a time. */
const batchSize = 256;
export function createWindow(engine: Engine, limits: WindowLimits): PlanWindow {
  const { index, pool, task, totals } = engine;
  const linker = createLinker(engine);
  const packWriter = createPackWriter(engine);
  let arena = new PlanArena(new SharedArrayBuffer(limits.bytes));
  let announced: Promise<unknown> | undefined;
  let number = 0;
  let blobs = 0;
  let files: number[] = [];
  let others: number[] = [];
  let directories: number[] = [];
  /** directories that lose something when the whole snapshot is known */
  const late: Unexpected[] = [];
  /** files in directories that were there before */
  let suspects: number[] = [];
  let inspected: number[] = [];
  let inspections: Promise<unknown>[] = [];

  function directoryOf(frame: Frame): number {
    if (frame.window !== number) {
      frame.ref = arena.addDirectory(frame.location);
      frame.window = number;
    }
    return frame.ref;
  }

  const announce = () => (announced ??= pool.broadcast({ kind: 'arena', arena: arena.shared }));

  /** Runs requests about entries, some at a time. */
  function inBatches(refs: readonly number[], kind: 'inspect' | 'create' | 'verify'): Promise<unknown>[] {
    const work: Promise<unknown>[] = [];
    for (let from = 0; from < refs.length; from += batchSize) {
      work.push(run({ kind, refs: Uint32Array.from(refs.slice(from, from + batchSize)) }));
    }
    return work;
  }

  async function run(request: RestoreRequest): Promise<void> {
    await announce();
    await pool.run(request);
  }

  function inspectSuspects(): void {
    for (const work of inBatches(suspects, 'inspect')) {
      // Looked at when the window is processed.
      work.catch(() => {});
      inspections.push(work);
    }
    for (const ref of suspects) inspected.push(ref);
    suspects = [];
  }

  /** The index entries of a file's blobs; undefined when one is missing, which is told. */
  function entriesOf(location: Uint8Array, node: Node): { entries: number[]; size: number } | undefined {
    const content = node.content ?? new Uint8Array(0);
    const entries: number[] = [];
    let size = 0;
    for (let at = 0; at < content.length; at += 32) {
      const entry = index.find('data', content, at);
      if (entry < 0) {
        const id = toHex(content.subarray(at, at + 32));
        tellProblem(engine, location, new HoldfastError('not-found', `the data blob ${id} is in no index`));
        return undefined;
      }
      entries.push(entry);
      size += plainLength(index, entry);
    }
    if (size !== node.size) {
      const message = `the snapshot states ${node.size} bytes, and its content has ${size}`;
      tellProblem(engine, location, new HoldfastError('corrupt', message));
    }
    return { entries, size };
  }

  function planFile(frame: Frame, node: Node, location: Uint8Array): void {
    if (linker.isLink(node, frame, location)) {
      totals.filesTotal++;
      return;
    }
    const content = entriesOf(location, node);
    if (!content) {
      totals.filesTotal++;
      totals.bytesTotal += node.size;
      return;
    }
    const { entries, size } = content;
    blobs += entries.length;
    const described = size === node.size ? node : { ...node, size };
    const ref = arena.add(described, node.name, directoryOf(frame), entries, task.ownershipByName);
    files.push(ref);
    if (frame.standing === 'fresh') {
      totals.filesTotal++;
      totals.bytesTotal += size;
    } else {
      suspects.push(ref);
      if (suspects.length >= batchSize) inspectSuspects();
    }
  }

  /** Counts what the inspections found; resolves to the files that need something, and those of them that need blobs. */
  async function settleFiles(): Promise<{ needy: number[]; empty: number[]; uses: number }> {
    inspectSuspects();
    await Promise.all(inspections);
    for (const ref of inspected) {
      const state = arena.state(ref);
      const size = arena.size(ref);
      if (state === fileState.same || state === fileState.kept) {
        totals.filesSkipped++;
        totals.bytesSkipped += size;
        tellItem(engine, 'unchanged', 'file', arena.path(ref), size);
      } else {
        totals.filesTotal++;
        totals.bytesTotal += size;
      }
    }
    const needy: number[] = [];
    const empty: number[] = [];
    let uses = 0;
    for (const ref of files) {
      const state = arena.state(ref);
      if (state === fileState.same || state === fileState.kept) continue;
      let missing = 0;
      for (let blob = 0; blob < arena.blobCount(ref); blob++) {
        if (!arena.isMatched(ref, blob)) missing++;
        else totals.bytesRestored += plainLength(index, arena.entry(ref, blob));
      }
      arena.setRemaining(ref, missing);
      uses += missing;
      (missing > 0 ? needy : empty).push(ref);
    }
    return { needy, empty, uses };
  }

  function pretend(refs: readonly number[]): void {
    for (const ref of refs) {
      const size = arena.size(ref);
      for (let blob = 0; blob < arena.blobCount(ref); blob++) {
        if (!arena.isMatched(ref, blob)) totals.bytesRestored += plainLength(index, arena.entry(ref, blob));
      }
      totals.filesRestored++;
      const action = arena.state(ref) === fileState.partial ? 'updated' : 'restored';
      tellItem(engine, action, 'file', arena.path(ref), size);
    }
  }

  async function verify(needy: readonly number[]): Promise<void> {
    const written = needy.filter((ref) => !arena.hasFailed(ref));
    if (!engine.verifies || written.length === 0) return;
    engine.report({ kind: 'verifying' });
    await Promise.all(inBatches(written, 'verify'));
  }

  function addDirectory(frame: Frame, node: Node): void {
    const parent = directoryOf(frame.parent!);
    directories.push(arena.add(node, node.name, parent, [], task.ownershipByName));
  }

  const window: PlanWindow = {
    fits(frame, node) {
      if (blobs >= limits.blobs) return false;
      const needed = PlanArena.sizeOf(node, node.name) + 2 * (frame.location.length + 16);
      if (arena.used + needed <= arena.shared.byteLength) return true;
      if (arena.used > 4) return false;
      // one file of terabytes
      arena = new PlanArena(new SharedArrayBuffer(arena.used + needed));
      return true;
    },
    plan(frame, node) {
      const { location } = frame;
      const path = frame.parent ? Buffer.concat([location, Buffer.from('/'), node.name]) : node.name;
      if (node.type === 'file') return planFile(frame, node, path);
      totals.filesTotal++;
      if (task.dryRun && frame.standing === 'fresh') {
        totals.filesRestored++;
        return tellItem(engine, 'restored', 'other', path, 0);
      }
      others.push(arena.add(node, node.name, directoryOf(frame), [], task.ownershipByName));
    },
    leave(frame, node, filter) {
      const names = engine.deletes ? unexpectedIn(frame, filter) : [];
      if (names.length > 0) late.push({ frame, node, names });
      else if (node) addDirectory(frame, node);
    },
    async process() {
      const { needy, empty, uses } = await settleFiles();
      await announce();
      if (task.dryRun) {
        pretend(needy);
        pretend(empty);
        await Promise.all(inBatches(others, 'create'));
      } else {
        const small = Promise.all(inBatches([...empty, ...others], 'create'));
        small.catch(() => {});
        if (uses > 0) await packWriter.write(arena, needy, uses);
        await small;
      }
      linker.makeLinks();
      await pool.broadcast({ kind: 'end' });
      await pool.runOn(0, { kind: 'directories', refs: Uint32Array.from(directories) });
      await verify([...needy, ...empty]);
      number++;
      blobs = 0;
      [files, others, directories, inspected, inspections] = [[], [], [], [], []];
      arena.clear();
      announced = undefined;
    },
    async finish() {
      await window.process();
      removeUnexpectedNames(engine, late);
      for (const { frame, node } of late) {
        if (!node) continue;
        if (!window.fits(frame, node)) await window.process();
        addDirectory(frame, node);
      }
      if (late.length > 0) await window.process();
    },
  };
  return window;
}
