/** Default encryption: the server seals what is written without a word about it. */
import type { S3Client } from '../client.ts';
import { textOf } from '../xml.ts';
import { readSetting, writeSetting, xmlNamespace } from './setting.ts';
import type { EnsureOptions, SettingOutcome } from './setting.ts';

/** AES-256 with keys of the server's; an encryption that is set already stays, whatever its keys. */
export async function ensureEncryption(
  client: S3Client,
  { dryRun, signal }: EnsureOptions = {},
): Promise<SettingOutcome> {
  const setting = 'encryption';
  const found = await readSetting(client, 'encryption', signal);
  const unknown = { setting, state: 'unknown', detail: 'objects are stored as they come' } as const;
  if (found.kind === 'unknown') return unknown;
  if (found.kind === 'refused') return { setting, state: 'refused', detail: found.words };
  const algorithm = found.kind === 'set' ? textOf(found.xml, 'SSEAlgorithm') : undefined;
  if (algorithm !== undefined) return { setting, state: 'kept', detail: algorithm };
  if (!dryRun) {
    const xml =
      `<ServerSideEncryptionConfiguration ${xmlNamespace}><Rule><ApplyServerSideEncryptionByDefault>` +
      '<SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>';
    const answer = await writeSetting(client, 'encryption', xml, signal);
    if (answer.kind === 'refused') return { setting, state: 'refused', detail: answer.words };
    if (answer.kind !== 'set') return unknown;
  }
  return { setting, state: 'changed', detail: 'none -> AES256' };
}
