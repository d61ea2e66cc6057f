/** Object lock: for so many days nobody deletes a version, in compliance mode not even the owner of the account. */
import type { S3Client } from '../client.ts';
import { textOf } from '../xml.ts';
import { readSetting, writeSetting, xmlNamespace } from './setting.ts';
import type { EnsureOptions, SettingOutcome } from './setting.ts';

export interface ObjectLockWish {
  readonly mode: 'governance' | 'compliance';
  readonly days: number;
}

/** Sets the default retention of new versions. A stricter one, in mode or days, stays as it is. */
export async function ensureObjectLock(
  client: S3Client,
  wish: ObjectLockWish,
  { dryRun, signal }: EnsureOptions = {},
): Promise<SettingOutcome> {
  const setting = 'object lock';
  const unknown = { setting, state: 'unknown', detail: 'versions can be deleted at any time' } as const;
  const found = await readSetting(client, 'object-lock', signal);
  if (found.kind === 'unknown') return unknown;
  if (found.kind === 'refused') return { setting, state: 'refused', detail: found.words };
  const current = found.kind === 'set' ? retentionOf(found.xml) : undefined;
  if (current !== undefined && isAsStrictAs(current, wish))
    return { setting, state: 'kept', detail: describe(current) };
  if (!dryRun) {
    const rule = `<Rule><DefaultRetention><Mode>${wish.mode.toUpperCase()}</Mode><Days>${wish.days}</Days></DefaultRetention></Rule>`;
    const xml = `<ObjectLockConfiguration ${xmlNamespace}><ObjectLockEnabled>Enabled</ObjectLockEnabled>${rule}</ObjectLockConfiguration>`;
    const answer = await writeSetting(client, 'object-lock', xml, signal);
    if (answer.kind === 'refused') {
      const detail = `${answer.words.replace(/\.$/, '')}; many servers lock only buckets that were made with it`;
      return { setting, state: 'refused', detail };
    }
    if (answer.kind !== 'set') return unknown;
  }
  const before = current === undefined ? 'none' : describe(current);
  return { setting, state: 'changed', detail: `${before} -> ${describe(wish)}` };
}

function retentionOf(xml: string): ObjectLockWish | undefined {
  const mode = textOf(xml, 'Mode')?.toLowerCase();
  const days = Number(textOf(xml, 'Days') ?? 365 * Number(textOf(xml, 'Years') ?? 0));
  return (mode === 'governance' || mode === 'compliance') && days > 0 ? { mode, days } : undefined;
}

function isAsStrictAs(current: ObjectLockWish, wish: ObjectLockWish): boolean {
  return current.days >= wish.days && (current.mode === 'compliance' || wish.mode === 'governance');
}

function describe({ mode, days }: ObjectLockWish): string {
  return `${days} days, ${mode}`;
}
