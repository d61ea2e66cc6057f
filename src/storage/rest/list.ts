/** The listing of a folder: the protocol's second version tells sizes, the first one names alone. */
import { HoldfastError, hasCode, throwIfAborted } from '../../kernel/errors.ts';
import { mapParallel } from '../../kernel/parallel.ts';
import { headerOf } from '../http/send.ts';
import type { StoredObject } from '../storage.ts';
import type { RestClient } from './client.ts';
import type { Folder } from './names.ts';
import { nameOf } from './names.ts';

const version2 = 'application/vnd.x.restic.rest.v2';
/** Sizes that are asked for at the same time, of a server of the first version. */
const statsAtOnce = 5;

/** `stat` is asked for each name where the server tells no sizes. An absent folder is empty. */
export async function* listFolder(
  client: RestClient,
  folder: Folder,
  stat: (name: string) => Promise<StoredObject>,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredObject> {
  const response = await client.call({
    ...{ method: 'GET', path: `${folder}/`, action: `list ${folder}/`, signal },
    headers: { accept: version2 },
    accept: [404],
  });
  if (response.status === 404) return;
  const entries = parse(Buffer.from(response.body.buffer).toString(), folder);
  if ((headerOf(response, 'content-type') ?? '').startsWith(version2)) {
    for (const entry of entries) {
      throwIfAborted(signal);
      if (!isSized(entry)) throw malformed(folder);
      yield { name: nameOf(folder, entry.name), size: entry.size };
    }
    return;
  }
  const names = entries.map((entry) => {
    if (typeof entry !== 'string') throw malformed(folder);
    return nameOf(folder, entry);
  });
  const found = mapParallel(names, statsAtOnce, (name) => statOrNothing(stat, name));
  for await (const object of found) {
    throwIfAborted(signal);
    if (object !== undefined) yield object;
  }
}

/** Somebody may have removed it since it was listed. */
async function statOrNothing(
  stat: (name: string) => Promise<StoredObject>,
  name: string,
): Promise<StoredObject | undefined> {
  try {
    return await stat(name);
  } catch (error) {
    if (hasCode(error, 'not-found')) return undefined;
    throw error;
  }
}

function parse(text: string, folder: Folder): unknown[] {
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch {
    throw malformed(folder);
  }
  // a folder without files
  if (entries === null) return [];
  if (!Array.isArray(entries)) throw malformed(folder);
  return entries;
}

function isSized(entry: unknown): entry is { name: string; size: number } {
  const { name, size } = (entry ?? {}) as { name?: unknown; size?: unknown };
  return typeof name === 'string' && Number.isSafeInteger(size) && (size as number) >= 0;
}

function malformed(folder: Folder): HoldfastError {
  return new HoldfastError('corrupt', `the server's answer is not a listing of ${folder}/`, {
    hint: "check that the location names a server that speaks restic's REST protocol",
  });
}
