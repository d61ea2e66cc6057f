/** The key of masking that belongs to a repository: the same every night, and known to nobody who cannot read it. */
import { createHmac } from 'node:crypto';
import { createMaskingKey, type MaskingKey } from '../../sources/masking/keyed-functions.ts';
import type { MasterKey } from '../../vaults/repository/format/seal.ts';

export function repositoryMaskingKey(key: MasterKey): MaskingKey {
  const secret = Buffer.concat([key.encrypt, key.macK, key.macR]);
  return createMaskingKey(createHmac('sha256', secret).update('holdfast: a key of masking').digest());
}
