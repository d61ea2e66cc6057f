/** From S3's error answers to one clear sentence and a hint each. */
import { HoldfastError } from '../../kernel/errors.ts';
import { proxyRefusal } from '../http/network-error.ts';
import type { NetworkPlace, Sentence } from '../http/network-error.ts';
import { headerOf } from '../http/send.ts';
import type { HttpResponse } from '../http/send.ts';
import { textOf } from './xml.ts';

/** How a location names an S3 server without TLS, and where the user says whom to trust. */
export const s3Ways = { plainForm: 's3:http://', authorities: '--cacert or AWS_CA_BUNDLE' } as const;

export interface ErrorPlace extends NetworkPlace {
  readonly bucket: string;
  /** the region that the request was signed for */
  readonly region: string;
  /** milliseconds since 1970, when the request was signed */
  readonly now: number;
}

/** What a server's refusal says, taken apart. */
export interface Refusal {
  readonly status: number;
  /** S3's own code such as `NoSuchKey`; empty when the answer had none */
  readonly code: string;
  readonly message: string;
  /** where the bucket really is, as far as the server tells */
  readonly region: string | undefined;
  /** milliseconds since 1970 by the server's clock */
  readonly serverTime: number | undefined;
}

export function refusalOf(response: HttpResponse): Refusal {
  const text = Buffer.from(response.body.buffer, 0, Math.min(response.body.length, 65_536)).toString();
  const xml = text.includes('<Error>') || text.includes('<Error ') ? text : '';
  const time = Date.parse(textOf(xml, 'ServerTime') ?? headerOf(response, 'date') ?? '');
  return {
    status: response.status,
    code: textOf(xml, 'Code') ?? '',
    message: (textOf(xml, 'Message') ?? '').replace(/\s+/g, ' ').replace(/\.$/, ''),
    region: headerOf(response, 'x-amz-bucket-region') ?? textOf(xml, 'Region'),
    serverTime: Number.isNaN(time) ? undefined : time,
  };
}

const regionCodes = new Set([
  'AuthorizationHeaderMalformed',
  'PermanentRedirect',
  'TemporaryRedirect',
  'IllegalLocationConstraintException',
  'InvalidRegion',
]);

/** The region to try instead, when the refusal is about the region and names another one. */
export function otherRegion(refusal: Refusal, region: string): string | undefined {
  const about =
    regionCodes.has(refusal.code) || (refusal.code === '' && [301, 307, 400].includes(refusal.status));
  return about && refusal.region !== undefined && refusal.region !== region ? refusal.region : undefined;
}

/** True when the server says that the session's keys have run out. */
export function keysExpired(refusal: Refusal): boolean {
  return ['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'RequestExpired'].includes(
    refusal.code,
  );
}

export function refusalError(refusal: Refusal, place: ErrorPlace): HoldfastError {
  const [code, message, hint] = sentenceFor(refusal, place) ?? sentenceForStatus(refusal, place);
  return new HoldfastError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    retryable: isTransient(refusal),
    cause: new Error(`HTTP ${refusal.status} ${refusal.code} ${refusal.message}`.trim()),
  });
}

function isTransient({ status, code }: Refusal): boolean {
  const byCode = [
    'SlowDown',
    'RequestTimeout',
    'InternalError',
    'OperationAborted',
    'BadDigest',
    'Throttling',
  ];
  if (byCode.includes(code) || /^X?Amz(ContentSHA256|ContentChecksum)Mismatch$/i.test(code)) return true;
  if (code === 'ConditionalRequestConflict' || status === 408 || status === 425 || status === 429)
    return true;
  return status >= 500 && ![501, 505, 507].includes(status) && code !== 'NotImplemented';
}

function sentenceFor(refusal: Refusal, place: ErrorPlace): Sentence | undefined {
  const { bucket, server, action } = place;
  switch (refusal.code) {
    case 'InvalidAccessKeyId':
      return [
        'bad-credentials',
        `${server} does not know the access key`,
        'check AWS_ACCESS_KEY_ID or the profile, and that they are for this server',
      ];
    case 'SignatureDoesNotMatch':
      return [
        'bad-credentials',
        `the secret key does not belong to the access key, says ${server}`,
        'check AWS_SECRET_ACCESS_KEY; a lost or added character at its end is common',
      ];
    case 'InvalidToken':
    case 'InvalidSecurity':
      return ['bad-credentials', `${server} does not accept the session token`, 'check AWS_SESSION_TOKEN'];
    case 'ExpiredToken':
    case 'ExpiredTokenException':
    case 'TokenRefreshRequired':
    case 'RequestExpired':
      return ['bad-credentials', `the session of the access key has expired, says ${server}`, 'log in again'];
    case 'RequestTimeTooSkewed':
      return [
        'clock-skew',
        `this machine's clock is ${skew(refusal, place)} the clock of ${server}`,
        'set the clock, best by a time service such as chrony or systemd-timesyncd',
      ];
    case 'NoSuchBucket':
      return [
        'no-bucket',
        `there is no bucket ${bucket} on ${server}`,
        'check the name, or create it with init',
      ];
    case 'InvalidBucketName':
      return ['usage', `${bucket} cannot be the name of a bucket on ${server}`];
    case 'BucketAlreadyExists':
      return ['forbidden', `the bucket ${bucket} belongs to somebody else`, 'choose another name'];
    case 'NoSuchKey':
      return ['not-found', `cannot ${action} in ${bucket}: it does not exist`];
    case 'PreconditionFailed':
      return ['exists', `cannot ${action} in ${bucket}: it already exists`];
    case 'InvalidObjectState':
      return [
        'forbidden',
        `cannot ${action} in ${bucket}: it lies in an archive class`,
        'restore it from there first',
      ];
    case 'QuotaExceeded':
    case 'XMinioStorageFull':
    case 'XMinioAdminBucketQuotaExceeded':
    case 'InsufficientCapacity':
      return [
        'disk-full',
        `cannot ${action} in ${bucket}: ${server} has no space left for it`,
        'free or add space',
      ];
    case 'EntityTooLarge':
      return ['failed', `cannot ${action} in ${bucket}: it is too large for ${server}`];
    case 'AuthorizationHeaderMalformed':
    case 'PermanentRedirect':
    case 'TemporaryRedirect':
    case 'IllegalLocationConstraintException':
    case 'InvalidRegion':
      return regionSentence(refusal, place);
    case 'AccessDenied':
    case 'AllAccessDisabled':
    case 'AccountProblem':
      return forbidden(refusal, place);
    default:
      return undefined;
  }
}

function sentenceForStatus(refusal: Refusal, place: ErrorPlace): Sentence {
  const { action, bucket, server } = place;
  const { status } = refusal;
  if (status === 407) return proxyRefusal(status, place);
  const said = refusal.message || refusal.code;
  const detail = said === '' ? `status ${status}` : `${said} (status ${status})`;
  if (isTransient(refusal))
    return ['unreachable', `${server} cannot ${action} in ${bucket} at the moment: ${detail}`];
  if (refusal.code === '') {
    if (status === 404) return ['not-found', `cannot ${action} in ${bucket}: it does not exist`];
    if (status === 412) return ['exists', `cannot ${action} in ${bucket}: it already exists`];
    if (status === 401 || status === 403) return forbidden(refusal, place);
    const elsewhere = refusal.region !== undefined && refusal.region !== place.region;
    if (status === 301 || status === 307 || (status === 400 && elsewhere))
      return regionSentence(refusal, place);
    if (status === 507)
      return ['disk-full', `cannot ${action} in ${bucket}: ${server} has no space left for it`];
    return [
      'failed',
      `${server} answers ${detail} and does not seem to be an S3 server`,
      'check the address; a server without TLS needs s3:http://',
    ];
  }
  if (status === 507)
    return ['disk-full', `cannot ${action} in ${bucket}: ${server} has no space left for it`];
  return ['failed', `${server} refuses to ${action} in ${bucket}: ${detail}`];
}

function forbidden(refusal: Refusal, { action, bucket, server }: ErrorPlace): Sentence {
  const detail = /^(access denied)?$/i.test(refusal.message) ? '' : `: ${refusal.message}`;
  return [
    'forbidden',
    `${server} does not permit to ${action} in the bucket ${bucket}${detail}`,
    'look at the policies of the access key and of the bucket',
  ];
}

function regionSentence(refusal: Refusal, { bucket, server, region }: ErrorPlace): Sentence {
  const right = refusal.region;
  if (right === undefined || right === region) {
    return [
      'wrong-region',
      `the bucket ${bucket} on ${server} is not in the region ${region}`,
      'set -o s3.region or AWS_DEFAULT_REGION',
    ];
  }
  return [
    'wrong-region',
    `the bucket ${bucket} on ${server} is in the region ${right}, not in ${region}`,
    `set -o s3.region=${right} or AWS_DEFAULT_REGION=${right}`,
  ];
}

function skew({ serverTime }: Refusal, { now }: ErrorPlace): string {
  if (serverTime === undefined) return 'too far from';
  const minutes = Math.round(Math.abs(now - serverTime) / 60_000);
  const amount = minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
  return `${amount} ${now > serverTime ? 'ahead of' : 'behind'}`;
}
