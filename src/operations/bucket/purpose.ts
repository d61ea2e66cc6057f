/** What a bucket holds decides how long old versions are worth keeping, and who needs which rights. */

export const bucketPurposes = ['archive', 'repository'] as const;

export type BucketPurpose = (typeof bucketPurposes)[number];
