/** Steps on single files and folders of an FTP server, with what servers do differently. */
import { posix } from 'node:path';
import type { Client, FileInfo } from 'basic-ftp';
import type { FolderEntry } from '../walk-folders.ts';
import { codeOf, isUnknownCommand } from './errors.ts';
import { upload } from './transfer.ts';
import type { WatchedBody } from './transfer.ts';

/** Bytes; undefined when there is no such file. */
export async function sizeAt(client: Client, path: string): Promise<number | undefined> {
  try {
    return await client.size(path);
  } catch (error) {
    if (codeOf(error) === 550 || codeOf(error) === 553) return undefined;
    if (!isUnknownCommand(error)) throw error;
    const entries = await entriesOf(client, posix.dirname(path));
    return entries.find(({ name, kind }) => kind === 'file' && name === posix.basename(path))?.size;
  }
}

/** Milliseconds since 1970; undefined when the server does not tell, or there is no such file. */
export async function modifiedAt(client: Client, path: string): Promise<number | undefined> {
  try {
    const time = (await client.lastMod(path)).getTime();
    return Number.isNaN(time) ? undefined : time;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Uploads into a new file, and makes its folder when that is absent. */
export async function uploadNew(client: Client, path: string, body: WatchedBody): Promise<number> {
  try {
    return await upload(client, path, body);
  } catch (error) {
    // The server does not say why. Nothing of the body has been asked for yet.
    if (codeOf(error) !== 550 && codeOf(error) !== 553) throw error;
    await makeFolder(client, posix.dirname(path));
    return upload(client, path, body);
  }
}

/** Replaces what is there. */
export async function rename(client: Client, from: string, to: string): Promise<void> {
  try {
    await move(client, from, to);
  } catch (error) {
    if (codeOf(error) === undefined || (await sizeAt(client, to)) === undefined) throw error;
    // The server does not replace: for a moment the object is absent, and what was there waits for the end.
    const aside = `${from}0`;
    await move(client, to, aside);
    try {
      await move(client, from, to);
    } catch (again) {
      await move(client, aside, to);
      throw again;
    }
    await removeAt(client, aside);
  }
}

async function move(client: Client, from: string, to: string): Promise<void> {
  await client.send(`RNFR ${from}`);
  await client.send(`RNTO ${to}`);
}

export async function removeAt(client: Client, path: string): Promise<void> {
  try {
    await client.send(`DELE ${path}`);
  } catch (error) {
    if (codeOf(error) !== 550 || (await sizeAt(client, path)) !== undefined) throw error;
  }
}

/** A folder that is not empty stays, and one that is absent is no error. */
export async function removeFolder(client: Client, path: string): Promise<void> {
  try {
    await client.send(`RMD ${path}`);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    if ((await isFolder(client, path)) && (await entriesOf(client, path)).length === 0) throw error;
  }
}

async function isFolder(client: Client, path: string): Promise<boolean> {
  try {
    await client.send(`CWD ${path}`);
    return true;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return false;
  }
}

/** Makes a folder and its parents as far as they are absent. */
export async function makeFolder(client: Client, path: string): Promise<void> {
  if (await isFolder(client, path)) return;
  const parent = posix.dirname(path);
  if (parent !== path) await makeFolder(client, parent);
  try {
    await client.send(`MKD ${path}`);
  } catch (error) {
    // Somebody else may have been faster.
    if (codeOf(error) === undefined || !(await isFolder(client, path))) throw error;
  }
}

/** None for a folder that is absent. Goes into it first: servers take what stands after LIST for a pattern. */
export async function entriesOf(client: Client, path: string): Promise<FolderEntry[]> {
  if (!(await canEnter(client, path))) return [];
  const found = await client.list();
  return found.filter(({ name }) => name !== '.' && name !== '..').map(entryOf);
}

/** False for a folder that is absent. Throws the server's refusal when it is there all the same: both look alike. */
export async function canEnter(client: Client, path: string): Promise<boolean> {
  try {
    await client.send(`CWD ${path}`);
    return true;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    const parent = posix.dirname(path);
    if (parent === path) throw error;
    const siblings = await entriesOf(client, parent);
    const itself = siblings.find(({ name }) => name === posix.basename(path));
    if (itself !== undefined && itself.kind !== 'file') throw error;
    return false;
  }
}

function entryOf({ name, size, isFile, isDirectory }: FileInfo): FolderEntry {
  return { name, size, kind: isDirectory ? 'folder' : isFile ? 'file' : 'other' };
}
