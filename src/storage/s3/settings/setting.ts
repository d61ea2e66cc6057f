/** A setting of a bucket: how it is read and written, and what servers answer that do not know it. */
import { createHash } from 'node:crypto';
import { hasCode } from '../../../kernel/errors.ts';
import type { HttpResponse } from '../../http/send.ts';
import type { S3Call, S3Client } from '../client.ts';
import { textOf } from '../xml.ts';

export type SettingName = 'versioning' | 'lifecycle' | 'encryption' | 'public access' | 'object lock';

/** What became of one setting. */
export interface SettingOutcome {
  readonly setting: SettingName;
  /**
   * `kept`: it was right; `changed`, or would be in a dry run; `unknown`: the server does not know it; `refused`: it may
   * not be set, by us or at all
   */
  readonly state: 'kept' | 'changed' | 'unknown' | 'refused';
  /** for people: what is now, or would be, or why it is not */
  readonly detail: string;
  /** what the server does not know of a setting that it has, such as `it does not count old versions` */
  readonly missing?: string;
}

export interface EnsureOptions {
  /** tells what would change, and changes nothing */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The name of the query that a setting stands under. */
type SettingQuery = 'versioning' | 'lifecycle' | 'encryption' | 'publicAccessBlock' | 'object-lock';

export type SettingAnswer =
  | { readonly kind: 'set'; readonly xml: string }
  | { readonly kind: 'none' | 'unknown' }
  /** with the server's own words */
  | { readonly kind: 'refused'; readonly words: string };

/** What the servers say of a setting that nobody has made. */
const notSet = new Set([
  'NoSuchLifecycleConfiguration',
  'ServerSideEncryptionConfigurationNotFoundError',
  'NoSuchPublicAccessBlockConfiguration',
  'ObjectLockConfigurationNotFoundError',
  'NoSuchKey',
]);

const notKnown = new Set([
  'NotImplemented',
  'MethodNotAllowed',
  'XNotImplemented',
  'InvalidArgument',
  'InvalidRequest',
]);

export async function readSetting(
  client: S3Client,
  query: SettingQuery,
  signal: AbortSignal | undefined,
): Promise<SettingAnswer> {
  return ask(client, {
    ...{ method: 'GET', key: '', query: [[query, '']], signal },
    action: `read the setting ${query}`,
  });
}

export async function writeSetting(
  client: S3Client,
  query: SettingQuery,
  xml: string,
  signal: AbortSignal | undefined,
): Promise<SettingAnswer> {
  const body = Buffer.from(xml);
  return ask(client, {
    ...{ method: 'PUT', key: '', query: [[query, '']], signal, body: [body], length: body.length },
    action: `change the setting ${query}`,
    // most servers demand it of settings
    headers: {
      'content-md5': createHash('md5').update(body).digest('base64'),
      'content-type': 'application/xml',
    },
    payloadHash: createHash('sha256').update(body).digest('hex'),
  });
}

async function ask(client: S3Client, call: S3Call): Promise<SettingAnswer> {
  let response: HttpResponse;
  try {
    response = await client.call({ ...call, accept: [400, 404, 405, 409, 501] });
  } catch (error) {
    if (hasCode(error, 'forbidden')) return { kind: 'refused', words: error.message };
    throw error;
  }
  const xml = Buffer.from(response.body.buffer, 0, response.body.length).toString();
  if (response.status < 300) return { kind: 'set', xml };
  const code = textOf(xml, 'Code') ?? '';
  if (notSet.has(code)) return { kind: 'none' };
  if (response.status === 501 || response.status === 405 || notKnown.has(code)) return { kind: 'unknown' };
  // radosgw says nothing but that to what it does not know
  if (response.status === 400 && (code === '' || code === 'MalformedXML')) return { kind: 'unknown' };
  if (code === 'NoSuchBucket' || response.status === 400) throw client.refuse(response, call);
  return { kind: 'refused', words: (textOf(xml, 'Message') ?? code) || `status ${response.status}` };
}

export const xmlNamespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
