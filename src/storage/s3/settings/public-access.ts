/** The block of public access: no policy and no list of rights can open the bucket to everybody. */
import type { S3Client } from '../client.ts';
import { textOf } from '../xml.ts';
import { readSetting, writeSetting, xmlNamespace } from './setting.ts';
import type { EnsureOptions, SettingOutcome } from './setting.ts';

const switches = ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets'];

/** Switches all four parts of it on. */
export async function ensurePublicAccessBlock(
  client: S3Client,
  { dryRun, signal }: EnsureOptions = {},
): Promise<SettingOutcome> {
  const setting = 'public access';
  const unknown = { setting, state: 'unknown', detail: 'policies alone decide who comes in' } as const;
  const found = await readSetting(client, 'publicAccessBlock', signal);
  if (found.kind === 'unknown') return unknown;
  if (found.kind === 'refused') return { setting, state: 'refused', detail: found.words };
  const open =
    found.kind === 'set'
      ? switches.filter((name) => textOf(found.xml, name)?.toLowerCase() !== 'true')
      : switches;
  if (open.length === 0) return { setting, state: 'kept', detail: 'blocked' };
  if (!dryRun) {
    const body = switches.map((name) => `<${name}>true</${name}>`).join('');
    const xml = `<PublicAccessBlockConfiguration ${xmlNamespace}>${body}</PublicAccessBlockConfiguration>`;
    const answer = await writeSetting(client, 'publicAccessBlock', xml, signal);
    if (answer.kind === 'refused') return { setting, state: 'refused', detail: answer.words };
    if (answer.kind !== 'set') return unknown;
  }
  const before = open.length === switches.length ? 'possible' : `possible by ${open.join(', ')}`;
  return { setting, state: 'changed', detail: `${before} -> blocked` };
}
