/** What lies in folders and buckets, by the names of its files. */
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { openStorage } from '../../src/storage/open.ts';
import type { S3Server } from './s3-server.ts';

/** Sorted, from the folder on; none where there is no folder. */
export function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted();
}

export async function objectsIn(server: S3Server, bucket: string): Promise<string[]> {
  const storage = await openStorage(`s3:${server.endpoint}/${bucket}`, {
    environment: { AWS_ACCESS_KEY_ID: server.accessKey, AWS_SECRET_ACCESS_KEY: server.secretKey },
  });
  try {
    return (await Array.fromAsync(storage.list(''), ({ name }) => name)).toSorted();
  } finally {
    await storage.close();
  }
}

/** Those of an archive that scripts look at, without manifests and locks. */
export function backupsAmong(names: readonly string[]): string[] {
  return names.filter((name) => !name.startsWith('.holdfast/'));
}
