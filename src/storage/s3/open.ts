/** Puts an S3 storage together from its location, restic's `-o s3.*` settings and the environment. */
import { HoldfastError } from '../../kernel/errors.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Limits } from '../limit.ts';
import type { S3Location } from '../location.ts';
import type { Attempt } from '../retry.ts';
import { countSetting, refuseUnknownSettings } from '../settings.ts';
import type { Storage } from '../storage.ts';
import { createS3Client } from './client.ts';
import type { S3Client } from './client.ts';
import { createDispatcher } from '../http/connect.ts';
import { anonymous, credentialSource } from './credentials.ts';
import { createEndpoint } from './endpoint.ts';
import type { BucketLookup } from './endpoint.ts';
import { proxyFor } from '../http/proxy.ts';
import type { Environment } from '../http/proxy.ts';
import { createS3Storage } from './storage.ts';

export interface OpenS3Options {
  readonly environment: Environment;
  /** as `-o` has them, without their `s3.` */
  readonly settings: ReadonlyMap<string, string>;
  readonly caFiles?: readonly string[];
  readonly clientCertificateFile?: string | undefined;
  readonly insecureTls?: boolean;
  readonly userAgent?: string | undefined;
  /** milliseconds */
  readonly stuckRequestTimeout?: number | undefined;
  readonly clock?: Clock;
  /** runs the pages of a listing and the parts of a large upload; default once */
  readonly attempt?: Attempt;
  /** paces all transfers; the number of operations is that of connections */
  readonly limits?: Limits;
  readonly multipartFrom?: number;
  readonly partSize?: number;
}

const known = new Set([
  'region',
  'bucket-lookup',
  'connections',
  'retries',
  'layout',
  'list-objects-v1',
  'unsafe-anonymous-auth',
  'storage-class',
  'enable-restore',
  'restore-days',
  'restore-timeout',
  'restore-tier',
]);

const archiveClasses = new Set(['GLACIER', 'DEEP_ARCHIVE']);
const defaultConnections = 8;
const defaultTimeout = 5 * 60_000;

/** Code `usage` for settings that make no sense. No request is made yet. */
export function openS3Storage(text: string, location: S3Location, options: OpenS3Options): Storage {
  const { settings } = options;
  if (isOn(settings, 'enable-restore')) {
    throw new HoldfastError('unsupported', 's3.enable-restore is not supported', {
      hint: 'restore the objects from the archive class with the tools of the provider first',
    });
  }
  const storageClass = settings.get('storage-class') || undefined;
  if (storageClass !== undefined && archiveClasses.has(storageClass)) {
    throw new HoldfastError('unsupported', `objects cannot be written to the archive class ${storageClass}`, {
      hint: 'let a lifecycle rule of the bucket move what lies under data/ there',
    });
  }
  const client = openS3Client(location, options);
  return createS3Storage(client, {
    location: text.replace(/\/\/[^/@]*@/, '//'),
    prefix: location.prefix,
    storageClass,
    listVersion1: isOn(settings, 'list-objects-v1'),
    ...(options.attempt === undefined ? {} : { attempt: options.attempt }),
    ...(options.multipartFrom === undefined ? {} : { multipartFrom: options.multipartFrom }),
    ...(options.partSize === undefined ? {} : { partSize: options.partSize }),
  });
}

/** The client of a bucket, for its settings. Code `usage` as above. */
export function openS3Client(location: S3Location, options: OpenS3Options): S3Client {
  const { environment, settings, clock = systemClock } = options;
  refuseUnknownSettings('s3', settings, known);
  const region =
    settings.get('region') || environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || undefined;
  const endpoint = createEndpoint(location, {
    lookup: lookupOf(settings.get('bucket-lookup')),
    region,
    defaultUrl: environment['AWS_ENDPOINT_URL_S3'] || environment['AWS_ENDPOINT_URL'] || undefined,
  });
  const bundle = environment['AWS_CA_BUNDLE'];
  const { secure } = endpoint;
  const host = endpoint.address('', region ?? 'us-east-1').host;
  const proxy = proxyFor(environment, secure, host);
  const trust = {
    caFiles: [...(options.caFiles ?? []), ...(bundle ? [bundle] : [])],
    insecureTls: options.insecureTls,
  };
  const dispatcher = createDispatcher({
    secure,
    proxy,
    ...trust,
    connections: countSetting(settings, 's3.connections', defaultConnections),
    clientCertificateFile: options.clientCertificateFile,
    // Amazon's certificates need none of them.
    systemAuthorities: !endpoint.isAws,
    timeout: options.stuckRequestTimeout ?? defaultTimeout,
  });
  const credentials = isOn(settings, 'unsafe-anonymous-auth')
    ? anonymous
    : credentialSource(environment, endpoint.region, clock, trust);
  return createS3Client({
    bucket: location.bucket,
    endpoint,
    credentials,
    dispatcher,
    proxy: proxy?.name,
    clock,
    limits: options.limits ?? {},
    userAgent: options.userAgent ?? 'holdfast',
  });
}

function lookupOf(text: string | undefined): BucketLookup {
  const lookup = (text ?? '').toLowerCase();
  if (lookup === '' || lookup === 'auto') return 'auto';
  if (lookup === 'dns' || lookup === 'path') return lookup;
  throw new HoldfastError('usage', `s3.bucket-lookup must be auto, dns or path, not ${text}`);
}

function isOn(settings: ReadonlyMap<string, string>, name: string): boolean {
  const text = settings.get(name);
  if (text === undefined || /^(0|f|false)$/i.test(text)) return false;
  if (/^(1|t|true)$/i.test(text)) return true;
  throw new HoldfastError('usage', `s3.${name} must be true or false, not ${text}`);
}
