/** Versions and their lifecycle as one wish, for storages whose history is the bucket's. */
import type { VersionNote, VersionWish } from '../../storage.ts';
import type { S3Client } from '../client.ts';
import { ensureLifecycle } from './lifecycle.ts';
import type { LifecycleRule } from './lifecycle-rule.ts';
import type { SettingOutcome } from './setting.ts';
import { ensureVersioning } from './versioning.ts';

/** Days after which parts of uploads go that were never completed. */
export const abortedUploadDays = 7;

/** The rule for keys that begin with `prefix`. */
export function lifecycleFor(prefix: string, { days, count }: VersionWish): LifecycleRule {
  return {
    prefix,
    noncurrentDays: days,
    newerNoncurrentVersions: count > 0 ? count : undefined,
    expiredDeleteMarkers: true,
    abortedUploadDays,
  };
}

export async function keepVersions(
  client: S3Client,
  prefix: string,
  wish: VersionWish,
  signal: AbortSignal | undefined,
): Promise<VersionNote[]> {
  const outcomes = [
    await ensureVersioning(client, { signal }),
    await ensureLifecycle(client, lifecycleFor(prefix, wish), { signal }),
  ];
  return outcomes.flatMap((outcome) => noteFor(outcome, client));
}

function noteFor(
  { setting, state, detail, missing }: SettingOutcome,
  { bucket, endpoint }: S3Client,
): VersionNote[] {
  const subject = `${setting} of the bucket ${bucket}`;
  if (state === 'unknown') return [note('missing', `${endpoint.name} knows no ${setting}: ${detail}`)];
  if (state === 'refused') return [note('missing', `${subject}: ${detail}`)];
  return [
    ...(state === 'changed' ? [note('changed', `${subject}: ${detail}`)] : []),
    ...(missing === undefined ? [] : [note('missing', `${subject} on ${endpoint.name}: ${missing}`)]),
  ];
}

function note(kind: VersionNote['kind'], text: string): VersionNote {
  return { kind, text };
}
