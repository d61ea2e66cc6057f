/** Where restic's files stand in the REST protocol: packs lie flat there, and nothing but these files has a place. */
import { HoldfastError } from '../../kernel/errors.ts';
import { assertObjectName } from '../names.ts';

/** The folders of a repository; `config` stands beside them. */
export const folders = ['data', 'index', 'keys', 'locks', 'snapshots'] as const;

export type Folder = (typeof folders)[number];

const known = /^(?:config|data\/([0-9a-f]{2})\/\1[0-9a-f]{62}|(?:index|keys|locks|snapshots)\/[0-9a-f]{64})$/;

/** The path below the repository's. Code `usage` for a name that is no file of a repository. */
export function pathOf(name: string): string {
  assertObjectName(name);
  if (!known.test(name)) {
    throw new HoldfastError('usage', `a REST server has no place for ${name}: it keeps repositories alone`, {
      hint: 'archives need a folder, S3, SFTP, FTP or rclone:',
    });
  }
  return name.replace(/^data\/..\//, 'data/');
}

/** The name of what a folder's listing calls `id`. */
export function nameOf(folder: Folder, id: string): string {
  return folder === 'data' ? `data/${id.slice(0, 2)}/${id}` : `${folder}/${id}`;
}
