/** Prepares the bucket of a location, and prints policies for it. */
import { HoldfastError } from '../kernel/errors.ts';
import { bucketPolicy, partitionOf } from '../operations/bucket/policy.ts';
import type { BucketRole } from '../operations/bucket/policy.ts';
import { assertPrepared, prepareBucket, purposeOf } from '../operations/bucket/prepare.ts';
import type { BucketWishes, PreparedBucket } from '../operations/bucket/prepare.ts';
import type { BucketPurpose } from '../operations/bucket/purpose.ts';
import { parseLocation } from '../storage/location.ts';
import type { S3Location } from '../storage/location.ts';
import { openBucket } from '../storage/open.ts';
import { createEndpoint } from '../storage/s3/endpoint.ts';
import type { SettingName, SettingOutcome } from '../storage/s3/settings/setting.ts';
import type { RepositoryChoice } from './global-options.ts';
import { archivePrefix, isArchive } from './repository-choice.ts';
import { openChosen } from './session.ts';
import { parseCount } from './values.ts';
import type { Invocation } from './verb.ts';

export interface PrepareFlags {
  readonly dryRun?: boolean;
  readonly for?: BucketPurpose;
  readonly keepVersions?: string;
  readonly keepDays?: string;
  readonly abortedDays: string;
  readonly objectLock?: string;
  readonly lockMode: 'governance' | 'compliance';
  readonly skip: readonly string[];
}

export interface PolicyFlags {
  readonly role: BucketRole;
  readonly for?: BucketPurpose;
}

/** A location of the command line, and whether it is said to be an archive's. */
interface Place {
  readonly text: string;
  readonly isArchive: boolean;
  readonly choice: RepositoryChoice;
}

const skippable: Readonly<Record<string, SettingName>> = {
  versioning: 'versioning',
  lifecycle: 'lifecycle',
  encryption: 'encryption',
  'public-access': 'public access',
};

export async function runBucketPrepare(
  invocation: Invocation,
  operands: readonly string[],
  flags: PrepareFlags,
): Promise<void> {
  const { terminal, context } = invocation;
  const { signal } = context;
  const place = placeOf(invocation, operands);
  const wishes = wishesOf(flags);
  const { client, location } = await openChosen(openBucket, invocation, place.text, place.choice);
  const dryRun = flags.dryRun ?? false;
  try {
    const purpose = flags.for ?? (place.isArchive ? 'archive' : await purposeOf(client, signal));
    const prefix = location.prefix === '' ? '' : `${location.prefix}/`;
    const prepared = await prepareBucket(client, { ...wishes, prefix, purpose }, { dryRun, signal });
    if (terminal.json) emitJson(invocation, location, purpose, prepared, dryRun);
    else tell(invocation, location, client.endpoint.name, purpose, prepared, dryRun);
    assertPrepared(prepared, location.bucket);
  } finally {
    await client.close();
  }
}

export function runBucketPolicy(
  invocation: Invocation,
  operands: readonly string[],
  flags: PolicyFlags,
): void {
  const place = placeOf(invocation, operands);
  const location = parseLocation(place.choice.vault?.access.location ?? place.text);
  if (location.kind !== 's3') throw notABucket();
  const { bucket, prefix, endpoint } = location;
  const { environment, settings } = invocation;
  const region =
    settings.extended.get('s3.region') ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'];
  const purpose = flags.for ?? (place.isArchive ? 'archive' : 'repository');
  const partition = partitionOf(endpoint, region);
  const defaultUrl = environment['AWS_ENDPOINT_URL_S3'] || environment['AWS_ENDPOINT_URL'] || undefined;
  const { isAws } = createEndpoint(location, { lookup: 'path', region, defaultUrl });
  const policy = bucketPolicy(flags.role, purpose, { bucket, prefix, partition, isAws });
  invocation.terminal.result(JSON.stringify(policy, undefined, 2));
}

/** The operand, or the vault that -r names. */
function placeOf({ settings }: Invocation, operands: readonly string[]): Place {
  if (operands.length > 1) throw new HoldfastError('usage', 'bucket takes one location');
  const [operand] = operands;
  const text = operand ?? settings.repository;
  if (text === undefined) throw notABucket();
  const choice = operand === undefined ? settings : { ...settings, vault: undefined };
  if (!isArchive(text)) return { text, isArchive: false, choice };
  return { text: text.slice(archivePrefix.length), isArchive: true, choice };
}

function notABucket(): HoldfastError {
  return new HoldfastError('usage', 'name the bucket by an S3 location', {
    hint: 'such as s3:https://HOST/BUCKET/PREFIX, s3://BUCKET/PREFIX or archive:s3://BUCKET/PREFIX',
  });
}

function wishesOf(flags: PrepareFlags): Omit<BucketWishes, 'prefix' | 'purpose'> {
  const { keepVersions, keepDays, objectLock, lockMode } = flags;
  const skip = flags.skip.map((name) => {
    const setting = skippable[name];
    if (setting !== undefined) return setting;
    throw new HoldfastError('usage', `--skip: ${name} is not one of ${Object.keys(skippable).join(', ')}`);
  });
  return {
    keepVersions: keepVersions === undefined ? undefined : parseCount(keepVersions, '--keep-versions'),
    keepDays: keepDays === undefined ? undefined : parseCount(keepDays, '--keep-days', 1),
    abortedDays: parseCount(flags.abortedDays, '--aborted-days', 1),
    lock:
      objectLock === undefined
        ? undefined
        : { mode: lockMode, days: parseCount(objectLock, '--object-lock', 1) },
    skip: new Set(skip),
  };
}

function tell(
  { terminal }: Invocation,
  { bucket, prefix }: S3Location,
  server: string,
  purpose: BucketPurpose,
  { created, outcomes }: PreparedBucket,
  dryRun: boolean,
): void {
  const a = purpose === 'archive' ? 'an archive' : 'a repository';
  const where = prefix === '' ? `bucket ${bucket}` : `bucket ${bucket}, below ${prefix}/`;
  terminal.say(`${where} (for ${a}):`);
  if (created) terminal.say(dryRun ? '  would be made, with all settings' : '  made');
  for (const outcome of outcomes) terminal.say(`  ${line(outcome, server, dryRun)}`);
}

function line({ setting, state, detail, missing }: SettingOutcome, server: string, dryRun: boolean): string {
  if (state === 'unknown') return `${setting}: ${server} does not know it; ${detail}`;
  if (state === 'refused') return `${setting}: not set: ${detail}`;
  const done = state === 'kept' ? `${detail} (as it was)` : `${dryRun ? 'would change: ' : ''}${detail}`;
  return missing === undefined ? `${setting}: ${done}` : `${setting}: ${done}; on ${server}: ${missing}`;
}

function emitJson(
  { terminal }: Invocation,
  { bucket, prefix }: S3Location,
  purpose: BucketPurpose,
  { created, outcomes }: PreparedBucket,
  dryRun: boolean,
): void {
  terminal.emit({
    message_type: 'bucket',
    ...{ bucket, prefix, purpose, created, settings: outcomes },
    dry_run: dryRun,
  });
}
