/** Lists a remote folder by folder, some at the same time, so that no listing has to be held as a whole. */
import { HoldfastError, throwIfAborted } from '../../kernel/errors.ts';
import type { StoredObject } from '../storage.ts';
import type { RcloneClient } from './client.ts';

const listsAtOnce = 8;

interface Entry {
  readonly Path: string;
  readonly Size: number;
  readonly ModTime?: string;
  readonly IsDir: boolean;
}

/** All objects below `folder` ('' or with its `/`); an absent one is empty. Unfinished writes are among them. */
export async function* listBelow(
  client: RcloneClient,
  folder: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredObject> {
  const stop = new AbortController();
  const both = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const waiting = [folder.replace(/\/$/, '')];
  const running: Promise<readonly Entry[]>[] = [];
  try {
    for (;;) {
      while (running.length < listsAtOnce && waiting.length > 0) {
        const entries = listOne(client, waiting.pop()!, both);
        // Nobody may be there any more to hear that the folder ahead has failed.
        entries.catch(() => {});
        running.push(entries);
      }
      const next = running.shift();
      if (next === undefined) return;
      for (const { Path, Size, ModTime, IsDir } of await next) {
        throwIfAborted(signal);
        if (IsDir) waiting.push(Path);
        else yield { name: Path, size: Size, ...timeOf(ModTime) };
      }
    }
  } finally {
    stop.abort();
  }
}

async function listOne(client: RcloneClient, folder: string, signal: AbortSignal): Promise<readonly Entry[]> {
  const answer = await client.call({
    method: 'operations/list',
    parameters: { remote: folder, opt: { noMimeType: true } },
    action: folder === '' ? 'list objects' : `list ${folder}/`,
    signal,
  });
  if (answer === undefined) return [];
  const { list } = answer;
  if (!Array.isArray(list)) throw new HoldfastError('corrupt', "rclone's answer is not a listing");
  return list as Entry[];
}

/** Remotes that know no time say something of the distant past. */
export function timeOf(text: string | undefined): { modified?: number } {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) || time <= 0 ? {} : { modified: time };
}
