/** Makes a bucket fit for backups: what is overwritten or deleted stays for a time, and nobody else comes in. */
import { HoldfastError, hasCode } from '../../kernel/errors.ts';
import { createBucket, isBucketThere } from '../../storage/s3/bucket.ts';
import type { S3Client } from '../../storage/s3/client.ts';
import { ensureEncryption } from '../../storage/s3/settings/encryption.ts';
import { abortedUploadDays } from '../../storage/s3/settings/keep-versions.ts';
import type { LifecycleRule } from '../../storage/s3/settings/lifecycle-rule.ts';
import { ensureLifecycle } from '../../storage/s3/settings/lifecycle.ts';
import type { ObjectLockWish } from '../../storage/s3/settings/object-lock.ts';
import { ensureObjectLock } from '../../storage/s3/settings/object-lock.ts';
import { ensurePublicAccessBlock } from '../../storage/s3/settings/public-access.ts';
import type { EnsureOptions, SettingName, SettingOutcome } from '../../storage/s3/settings/setting.ts';
import { ensureVersioning } from '../../storage/s3/settings/versioning.ts';
import type { BucketPurpose } from './purpose.ts';

export interface BucketWishes {
  /** what the lifecycle rule is about: '' or with its `/` at the end */
  readonly prefix: string;
  readonly purpose: BucketPurpose;
  /** of each object so many old versions stay; default 45 for archives, and 0 for repositories */
  readonly keepVersions?: number | undefined;
  /** days after which other old versions go; default 1 for archives, and 30 for repositories */
  readonly keepDays?: number | undefined;
  /** days after which aborted uploads go; default 7 */
  readonly abortedDays?: number | undefined;
  /** undefined: object lock stays as it is */
  readonly lock?: ObjectLockWish | undefined;
  readonly skip: ReadonlySet<SettingName>;
}

export interface PreparedBucket {
  /** it was absent, and was made, or would be */
  readonly created: boolean;
  /** none in a dry run of a bucket that is absent */
  readonly outcomes: readonly SettingOutcome[];
}

type Step = (client: S3Client, options: EnsureOptions) => Promise<SettingOutcome>;

/** Settings that are right stay untouched: a second run changes nothing. */
export async function prepareBucket(
  client: S3Client,
  wishes: BucketWishes,
  options: EnsureOptions = {},
): Promise<PreparedBucket> {
  const { lock, skip } = wishes;
  const { signal, dryRun } = options;
  if (dryRun && !(await isBucketThere(client, signal))) return { created: true, outcomes: [] };
  const created = dryRun ? false : await createBucket(client, signal, { objectLock: lock !== undefined });
  const rule = lifecycleOf(wishes);
  const steps: [SettingName, Step][] = [
    ['versioning', ensureVersioning],
    ['lifecycle', (of, how) => ensureLifecycle(of, rule, how)],
    ['encryption', ensureEncryption],
    ['public access', ensurePublicAccessBlock],
  ];
  if (lock !== undefined) steps.push(['object lock', (of, how) => ensureObjectLock(of, lock, how)]);
  const outcomes: SettingOutcome[] = [];
  for (const [name, step] of steps) {
    if (!skip.has(name)) outcomes.push(await step(client, options));
  }
  return { created, outcomes };
}

/** Settings that servers other than Amazon's often lack, and without which a bucket keeps what was all the same. */
const dispensable: ReadonlySet<SettingName> = new Set(['encryption', 'public access']);

/**
 * Code `incomplete`, naming what, when something may not be set, or the server does not know what makes the bucket keep what
 * was. What else it does not know, nobody can mend: that is told, and no failure.
 */
export function assertPrepared({ outcomes }: PreparedBucket, bucket: string): void {
  const lacking = outcomes.filter(
    ({ state, setting }) => state === 'refused' || (state === 'unknown' && !dispensable.has(setting)),
  );
  if (lacking.length === 0) return;
  const names = lacking.map(({ setting }) => setting).join(', ');
  throw new HoldfastError('incomplete', `not all settings of the bucket ${bucket} could be made: ${names}`, {
    hint: 'the others are; --skip leaves a setting out',
  });
}

/**
 * Packs of a repository are written once and never again: a count of versions would keep what prune deletes for ever,
 * so that days alone decide there.
 */
function lifecycleOf({ prefix, purpose, ...wishes }: BucketWishes): LifecycleRule {
  const isArchive = purpose === 'archive';
  const count = wishes.keepVersions ?? (isArchive ? 45 : 0);
  return {
    prefix,
    noncurrentDays: wishes.keepDays ?? (isArchive ? 1 : 30),
    newerNoncurrentVersions: count === 0 ? undefined : count,
    expiredDeleteMarkers: true,
    abortedUploadDays: wishes.abortedDays ?? abortedUploadDays,
  };
}

/** What lies at the location: a repository has a file `config`. */
export async function purposeOf(client: S3Client, signal: AbortSignal | undefined): Promise<BucketPurpose> {
  try {
    await client.call({ method: 'HEAD', key: 'config', action: 'look for a repository', signal });
    return 'repository';
  } catch (error) {
    if (hasCode(error, 'not-found', 'no-bucket', 'forbidden')) return 'archive';
    throw error;
  }
}
