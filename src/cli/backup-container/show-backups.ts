/** -l: databases with their sizes, the room that is left, and the backups that there are, copies too. */
import { statfs } from 'node:fs/promises';
import { hasCode, messageOf } from '../../kernel/errors.ts';
import { listBackups, pathOf, type StoredBackup } from '../../operations/backup-container/stored-backups.ts';
import { scriptDriver } from '../../sources/database/script.ts';
import { wallText, wallTimeOf } from '../../vaults/archive/layout/wall-clock.ts';
import { formatBytes } from '../output/format.ts';
import type { ListedDatabase } from './databases.ts';
import type { OpenedTargets } from './places.ts';
import { type ContainerSession, scriptOptions } from './session.ts';

const rule = '='.repeat(128);

export async function showBackups(session: ContainerSession, targets: OpenedTargets): Promise<void> {
  const { tell, listed, runtime } = session;
  const { signal } = runtime.context;
  const sizes = await Promise.all(listed.databases.map((database) => databaseSize(session, database)));
  tell.say(rule);
  tell.say('Current Backups:');
  tell.say('');
  const width = Math.max('Database'.length, ...listed.databases.map(({ text }) => text.length));
  tell.say(`${'Database'.padEnd(width)}  Current Size`);
  for (const [i, { text }] of listed.databases.entries()) tell.say(`${text.padEnd(width)}  ${sizes[i]}`);
  tell.say('');
  tell.say(await roomLeft(targets.folder.storage.location));
  for (const place of [targets.folder, ...targets.copies]) {
    tell.say('-'.repeat(rule.length));
    try {
      const backups = await Array.fromAsync(listBackups(place, { signal }));
      for (const backup of backups.toSorted(byPath)) tell.say(backupLine(backup));
      const total = backups.reduce((sum, { size }) => sum + size, 0);
      tell.say(`${formatBytes(total).padEnd(10)}  ${' '.repeat(19)}  ${place.storage.location}`);
    } catch (error) {
      if (place.kind === 'folder' || hasCode(error, 'interrupted')) throw error;
      tell.say(`copies on ${place.kind} cannot be listed: ${messageOf(error)}`);
    }
  }
  tell.say(rule);
}

/** What the server says of it, or why it says nothing. */
export async function databaseSize(session: ContainerSession, { database }: ListedDatabase): Promise<string> {
  try {
    const driver = await scriptDriver(database.kind);
    return await driver.size(
      database,
      scriptOptions(session, database.kind, () => {}),
    );
  } catch (error) {
    if (hasCode(error, 'interrupted')) throw error;
    return `unknown: ${messageOf(error)}`;
  }
}

function byPath(a: StoredBackup, b: StoredBackup): number {
  return a.name < b.name ? -1 : 1;
}

function backupLine(backup: StoredBackup): string {
  const { date, clock } = wallText(wallTimeOf(backup.time));
  return `${formatBytes(backup.size).padEnd(10)}  ${date} ${clock.replaceAll('-', ':')}  ${pathOf(backup)}`;
}

async function roomLeft(folder: string): Promise<string> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder);
    return `${formatBytes(bavail * bsize)} of ${formatBytes(blocks * bsize)} are left in ${folder}`;
  } catch (error) {
    return `${folder} cannot be read: ${messageOf(error)}`;
  }
}
