/** Removes what writers that were killed left in an archive: files under temporary names, and what told of their run. */
import type { Context } from '../../kernel/context.ts';
import { hasCode, messageOf, throwIfAborted } from '../../kernel/errors.ts';
import type { Storage } from '../../storage/storage.ts';
import { type Archive, findLayout, parseName } from '../../vaults/archive/archive.ts';
import { manifestSuffix } from '../../vaults/archive/layout/layout.ts';
import { datedManifest, manifestName, ownFolder, unfinishedName } from '../../vaults/archive/manifest.ts';

/** No writer is silent for so long, and no two clocks are so far apart. */
const certainlyDeadMs = 24 * 60 * 60 * 1000;

/** Those under names of this archive, of any source. What cannot be removed is told, and is no failure: nothing needs it gone. */
export async function removeLeftovers(archive: Archive, context: Context): Promise<void> {
  const { signal, clock } = context;
  try {
    const layout = await findLayout(archive, signal);
    if (layout === undefined || !archive.storage.leftovers) return;
    const own = { ...archive, layout };
    await removeIn(archive.storage, '', clock.now() - certainlyDeadMs, signal, (name) => isOwn(own, name));
  } catch (error) {
    throwIfAborted(signal);
    // who may only add leaves it to others
    if (hasCode(error, 'forbidden')) return;
    context.warn(`what killed runs left behind stays: ${messageOf(error)}`);
  }
}

/**
 * Those of a run of `dated` that was broken off. False when a writer may still be at work there: its folder, with its `/`,
 * stays as it is.
 */
export async function clearUnfinished(
  { storage }: Archive,
  folder: string,
  { clock, signal }: Context,
): Promise<boolean> {
  await removeIn(storage, folder, clock.now() - certainlyDeadMs, signal, async () => true);
  for await (const _ of storage.leftovers?.(folder, Number.POSITIVE_INFINITY, { signal }) ?? []) return false;
  return true;
}

async function removeIn(
  storage: Storage,
  folder: string,
  before: number,
  signal: AbortSignal,
  isMeant: (name: string) => Promise<boolean>,
): Promise<void> {
  const folders = new Set<string>();
  for await (const leftover of storage.leftovers?.(folder, before, { signal }) ?? []) {
    if (!(await isMeant(leftover.name))) continue;
    await leftover.remove();
    folders.add(leftover.name.slice(0, leftover.name.lastIndexOf('/') + 1));
  }
  for (const one of folders) {
    if (one === '') continue;
    await removeIdleMark(storage, one, signal);
    await storage.removeEmptyFolder?.(one, { signal });
  }
}

/** Beside nothing at all it tells of nothing. */
async function removeIdleMark(storage: Storage, folder: string, signal: AbortSignal): Promise<void> {
  const mark = unfinishedName(folder);
  if (!datedManifest.test(manifestName('dated', mark))) return;
  for await (const _ of storage.leftovers?.(folder, Number.POSITIVE_INFINITY, { signal }) ?? []) return;
  const names = await Array.fromAsync(storage.list(folder, { signal }), ({ name }) => name);
  if (names.length === 1 && names[0] === mark) await storage.remove(mark, { signal });
}

/** Whether a backup would write a file of this name here: what others began is nobody's to remove. */
async function isOwn(archive: Archive, name: string): Promise<boolean> {
  if (name.startsWith(ownFolder)) return true;
  if (archive.layout === 'latest') {
    const artefact = name.endsWith(manifestSuffix) ? name.slice(0, -manifestSuffix.length) : name;
    // any file might be one of stable name: that there is a backup of it tells
    return (
      parseName(archive, artefact) !== undefined && (await isThere(archive, manifestName('latest', artefact)))
    );
  }
  const ofRun = [manifestName('dated', name), unfinishedName(name)].includes(name);
  if (archive.layout === 'dated' && ofRun) return datedManifest.test(manifestName('dated', name));
  return parseName(archive, name) !== undefined;
}

async function isThere({ storage }: Archive, name: string): Promise<boolean> {
  try {
    await storage.stat(name);
    return true;
  } catch (error) {
    if (hasCode(error, 'not-found')) return false;
    throw error;
  }
}
