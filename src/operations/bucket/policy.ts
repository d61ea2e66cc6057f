/** The least that each role needs on a bucket, as policies for IAM. */
import type { BucketPurpose } from './purpose.ts';

export const bucketRoles = ['reader', 'writer', 'pruner', 'auditor'] as const;

/**
 * reader: gives back what was backed up; writer: adds backups; pruner: removes what retention lets go; auditor: sees that
 * it is all there and how the bucket is set, and reads nothing
 */
export type BucketRole = (typeof bucketRoles)[number];

export interface PolicyPlace {
  readonly bucket: string;
  /** without slashes at its ends; '' for the whole bucket */
  readonly prefix: string;
  /** Amazon's own; others refuse policies that name what they do not know */
  readonly isAws: boolean;
  /** `aws`, or the part of Amazon's world that is apart: `aws-cn`, `aws-us-gov` */
  readonly partition: string;
}

export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

export interface Policy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly PolicyStatement[];
}

const settings = [
  's3:GetBucketLocation',
  's3:GetBucketVersioning',
  's3:GetLifecycleConfiguration',
  's3:GetBucketObjectLockConfiguration',
  's3:GetBucketPolicy',
];
const settingsOfAws = [
  's3:GetEncryptionConfiguration',
  's3:GetBucketPublicAccessBlock',
  's3:GetBucketPolicyStatus',
];

const reading = ['s3:GetObject', 's3:GetObjectVersion'];
const adding = ['s3:PutObject', 's3:AbortMultipartUpload'];
const removing = ['s3:DeleteObject', 's3:DeleteObjectVersion'];

export function bucketPolicy(role: BucketRole, purpose: BucketPurpose, place: PolicyPlace): Policy {
  const { bucket, prefix, partition, isAws } = place;
  const arn = `arn:${partition}:s3:::${bucket}`;
  const below = (...folders: string[]): string[] => {
    const root = prefix === '' ? arn : `${arn}/${prefix}`;
    return folders.length === 0 ? [`${root}/*`] : folders.map((folder) => `${root}/${folder}/*`);
  };
  const bucketWide = (Sid: string, ...Action: string[]): PolicyStatement => ({
    ...{ Sid, Effect: 'Allow', Action, Resource: [arn] },
  });
  const list = (...more: string[]): PolicyStatement => ({
    ...bucketWide('ListNames', 's3:ListBucket', ...more),
    ...(prefix === '' ? {} : { Condition: { StringLike: { 's3:prefix': [prefix, `${prefix}/*`] } } }),
  });
  const manifests = manifestPatterns(isAws).map(
    (name) => `${prefix === '' ? arn : `${arn}/${prefix}`}/${name}`,
  );
  const objects = (Sid: string, Action: string[], ...folders: string[]): PolicyStatement => ({
    ...{ Sid, Effect: 'Allow', Action, Resource: below(...folders) },
  });
  /** Wins over every other policy, and over what some servers grant to who has written an object. */
  const never = (Sid: string, Action: string[], ...folders: string[]): PolicyStatement => ({
    ...objects(Sid, Action, ...folders),
    Effect: 'Deny',
  });
  const locate = bucketWide('FindBucket', 's3:GetBucketLocation');
  const addToRepository = objects('AddObjects', adding, 'data', 'index', 'snapshots', 'locks');

  const audit = bucketWide('ReadSettings', ...settings, ...(isAws ? settingsOfAws : []));

  const statements: Record<BucketRole, Record<BucketPurpose, PolicyStatement[]>> = {
    reader: {
      archive: [locate, list('s3:ListBucketVersions'), objects('ReadObjects', reading)],
      repository: [locate, list(), objects('ReadObjects', ['s3:GetObject'])],
    },
    writer: {
      // names and sizes of the elders are compared with what is new; their content is nobody's business here
      archive: [
        bucketWide(
          'FindBucket',
          's3:GetBucketLocation',
          's3:GetBucketVersioning',
          's3:GetLifecycleConfiguration',
        ),
        list(),
        objects('AddObjects', adding),
        never('NeverReadOrRemove', [...reading, ...removing]),
      ],
      // a backup compares with what is there: config, keys, indexes, the parent's trees in their packs
      repository: [
        locate,
        list(),
        objects('ReadObjects', ['s3:GetObject']),
        addToRepository,
        objects('RemoveLocks', ['s3:DeleteObject'], 'locks'),
        never('NeverRemove', removing, 'data', 'index', 'keys', 'snapshots'),
      ],
    },
    pruner: {
      // the manifests say what belongs together; old versions are the lifecycle's to remove
      archive: [
        locate,
        list(),
        { ...objects('ReadManifests', ['s3:GetObject']), Resource: manifests },
        objects('RemoveObjects', ['s3:DeleteObject']),
      ],
      repository: [
        locate,
        list(),
        objects('ReadObjects', ['s3:GetObject']),
        addToRepository,
        objects('RemoveObjects', ['s3:DeleteObject'], 'data', 'index', 'snapshots', 'locks'),
      ],
    },
    auditor: {
      archive: [audit, list('s3:ListBucketVersions')],
      repository: [audit, list('s3:ListBucketVersions')],
    },
  };
  return { Version: '2012-10-17', Statement: statements[role][purpose] };
}

/**
 * Names of manifests in each layout, and all of the folder that has locks besides; of archives in folders below as well.
 * On radosgw a `*` ends where the character after it comes first, so that what may come before has to be spelled out.
 */
function manifestPatterns(isAws: boolean): string[] {
  const own = ['.holdfast/*', '*/.holdfast/*'];
  if (isAws) return ['*/manifest.json', '*.manifest.json', ...own];
  const stable = Array.from({ length: 10 }, (_, dots) => `${'*.'.repeat(dots + 1)}manifest.json`);
  return ['*/manifest.json', '*/*/manifest.json', ...stable, ...own];
}

/** The partition that a server's host stands in. */
export function partitionOf(host: string | undefined, region: string | undefined): string {
  if (host?.includes('.amazonaws.com.cn') || region?.startsWith('cn-')) return 'aws-cn';
  if (host?.includes('us-gov-') || region?.startsWith('us-gov-')) return 'aws-us-gov';
  return 'aws';
}
