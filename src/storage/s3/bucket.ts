/** Makes sure that the bucket is there. */
import { createHash } from 'node:crypto';
import { hasCode } from '../../kernel/errors.ts';
import type { S3Client } from './client.ts';
import { escapeXml, textOf } from './xml.ts';

export interface NewBucket {
  /** versions can be locked; many servers know that of new buckets alone */
  readonly objectLock?: boolean;
}

/** Creates the bucket when it is absent; true when it was. */
export async function createBucket(
  client: S3Client,
  signal: AbortSignal | undefined,
  options: NewBucket = {},
): Promise<boolean> {
  if (await isBucketThere(client, signal)) return false;
  const region = client.region();
  if (region !== 'us-east-1' && (await requestBucket(client, region, options, signal))) return true;
  // Amazon's first region has no name here, and servers may call their regions differently from the caller's settings.
  await requestBucket(client, undefined, options, signal);
  return true;
}

/** Who may not look whether it is there is taken to have one, as in restic. */
export async function isBucketThere(client: S3Client, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await client.call({
      method: 'GET',
      key: '',
      action: 'look for the bucket',
      query: [
        ['list-type', '2'],
        ['max-keys', '1'],
      ],
      signal,
    });
    return true;
  } catch (error) {
    if (hasCode(error, 'forbidden')) return true;
    if (hasCode(error, 'no-bucket')) return false;
    throw error;
  }
}

/** False when the server knows no place of that name. */
async function requestBucket(
  client: S3Client,
  region: string | undefined,
  { objectLock }: NewBucket,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const text =
    region === undefined
      ? ''
      : `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>${escapeXml(region)}</LocationConstraint></CreateBucketConfiguration>`;
  const body = Buffer.from(text);
  const call = {
    method: 'PUT',
    key: '',
    action: 'create the bucket',
    headers: (objectLock ? { 'x-amz-bucket-object-lock-enabled': 'true' } : {}) as Record<string, string>,
    body: [body],
    length: body.length,
    payloadHash: createHash('sha256').update(body).digest('hex'),
    signal,
    accept: [400, 409],
  } as const;
  const response = await client.call(call);
  if (response.status < 300) return true;
  const code = textOf(Buffer.from(response.body).toString(), 'Code');
  if (code === 'BucketAlreadyOwnedByYou') return true;
  if (region !== undefined && code === 'InvalidLocationConstraint') return false;
  throw client.refuse(response, call);
}
