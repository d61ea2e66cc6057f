/** Versioning: what is overwritten or deleted stays as an older version. */
import type { S3Client } from '../client.ts';
import { textOf } from '../xml.ts';
import { readSetting, writeSetting, xmlNamespace } from './setting.ts';
import type { EnsureOptions, SettingOutcome } from './setting.ts';

/** True when the bucket keeps old versions. */
export async function isVersioned(client: S3Client, signal: AbortSignal | undefined): Promise<boolean> {
  const answer = await readSetting(client, 'versioning', signal);
  return answer.kind === 'set' && textOf(answer.xml, 'Status') === 'Enabled';
}

/** Switches it on. */
export async function ensureVersioning(
  client: S3Client,
  { dryRun, signal }: EnsureOptions = {},
): Promise<SettingOutcome> {
  const setting = 'versioning';
  const found = await readSetting(client, 'versioning', signal);
  if (found.kind === 'unknown') return { setting, state: 'unknown', detail: 'old versions are not kept' };
  if (found.kind === 'refused') return { setting, state: 'refused', detail: found.words };
  const before = found.kind === 'set' ? (textOf(found.xml, 'Status') ?? 'off') : 'off';
  if (before === 'Enabled') return { setting, state: 'kept', detail: 'on' };
  if (!dryRun) {
    const xml = `<VersioningConfiguration ${xmlNamespace}><Status>Enabled</Status></VersioningConfiguration>`;
    const answer = await writeSetting(client, 'versioning', xml, signal);
    if (answer.kind === 'refused') return { setting, state: 'refused', detail: answer.words };
    if (answer.kind === 'unknown' || !(await isVersioned(client, signal)))
      return { setting, state: 'unknown', detail: 'old versions are not kept' };
  }
  return { setting, state: 'changed', detail: `${before === 'off' ? 'off' : 'suspended'} -> on` };
}
