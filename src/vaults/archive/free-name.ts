/** Names tell times in whole seconds, and what is made within one has one stem: what it is called says nothing of the ending. */
import type { Storage } from '../../storage/storage.ts';
import { type Archive, findLayout } from './archive.ts';
import type { ArtefactSpec, Identity, Layout } from './layout/layout.ts';
import { artefactName, runFolder, tiers } from './layout/layout.ts';

/** A file that would be taken for one of the same run; undefined where there is none, and for stable names. */
export async function findTaken(
  storage: Storage,
  layout: Layout,
  spec: Omit<ArtefactSpec, 'extension'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (layout === 'latest') return undefined;
  const prefix = layout === 'dated' ? runFolder(spec) : artefactName(layout, { ...spec, extension: '.' });
  for await (const { name } of storage.list(prefix, { signal })) return name;
  return undefined;
}

/** Whether something of this name and this second is there, whatever its ending and its tier. */
export async function isTimeTaken(
  archive: Archive,
  { host, database }: Identity,
  time: number,
  signal: AbortSignal,
): Promise<boolean> {
  const { storage, zone } = archive;
  const layout = (await findLayout(archive, signal)) ?? 'dated';
  for (const tier of layout === 'rolling' ? tiers : [undefined]) {
    const taken = await findTaken(storage, layout, { host, database, time, zone, tier }, signal);
    if (taken !== undefined) return true;
  }
  return false;
}
