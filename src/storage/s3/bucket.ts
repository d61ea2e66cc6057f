/** Makes sure that the bucket is there. */
import { createHash } from 'node:crypto';
import { hasCode } from '../../kernel/errors.ts';
import type { S3Client } from './client.ts';
import { escapeXml, textOf } from './xml.ts';

/** Creates the bucket when it is absent. Who may not look whether it is there is taken to have one, as in restic. */
export async function createBucket(client: S3Client, signal: AbortSignal | undefined): Promise<void> {
  const action = 'look for the bucket';
  try {
    await client.call({
      method: 'GET',
      key: '',
      action,
      query: [
        ['list-type', '2'],
        ['max-keys', '1'],
      ],
      signal,
    });
    return;
  } catch (error) {
    if (hasCode(error, 'forbidden')) return;
    if (!hasCode(error, 'no-bucket')) throw error;
  }
  const region = client.region();
  if (region !== 'us-east-1' && (await requestBucket(client, region, signal))) return;
  // Amazon's first region has no name here, and servers may call their regions differently from the caller's settings.
  await requestBucket(client, undefined, signal);
}

/** False when the server knows no place of that name. */
async function requestBucket(
  client: S3Client,
  region: string | undefined,
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
