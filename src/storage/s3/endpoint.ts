/** Where requests go: host, region and address style of a bucket, for AWS and for every other server. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { S3Location } from '../location.ts';
import { encodePath } from '../http/encode.ts';

export type BucketLookup = 'auto' | 'dns' | 'path';

export interface Address {
  /** `https://host:port` */
  readonly origin: string;
  /** the Host header */
  readonly host: string;
  /** encoded path of the object, or of the bucket for an empty key */
  readonly path: string;
}

export interface Endpoint {
  readonly secure: boolean;
  /** true for Amazon's own servers, which are known to keep conditions */
  readonly isAws: boolean;
  /** the region that the settings or the host name; undefined when it must be found out */
  readonly region: string | undefined;
  /** host and port, for messages */
  readonly name: string;
  address(key: string, region: string): Address;
}

const awsRegion = /^[a-z]{2}(-[a-z]+){1,2}-\d$/;
const globalHosts = new Set([
  's3.amazonaws.com',
  's3-external-1.amazonaws.com',
  's3.dualstack.amazonaws.com',
]);

export interface EndpointSettings {
  readonly lookup: BucketLookup;
  /** a region set by the user */
  readonly region: string | undefined;
  /** endpoint URL for locations without a host; undefined means AWS */
  readonly defaultUrl: string | undefined;
}

export function createEndpoint(location: S3Location, settings: EndpointSettings): Endpoint {
  let { secure, endpoint: host } = location;
  if (host === undefined && settings.defaultUrl !== undefined) {
    const url = parseUrl(settings.defaultUrl);
    secure = url.protocol === 'https:';
    host = url.host;
  }
  const named = host !== undefined && awsRegion.test(host) ? host : undefined;
  const isGlobal = host === undefined || named !== undefined || globalHosts.has(host);
  const isAws = isGlobal || /\.amazonaws\.com(\.cn)?(:\d+)?$/.test(host!);
  const { bucket, prefix } = location;
  const virtual = settings.lookup === 'dns' || (settings.lookup === 'auto' && isAws && isHostLabel(bucket));
  const scheme = secure ? 'https' : 'http';
  const defaultPort = secure ? ':443' : ':80';

  return {
    secure,
    isAws,
    region: settings.region ?? named ?? (host === undefined ? undefined : regionOfHost(host)),
    name: host ?? 's3.amazonaws.com',
    address(key, region) {
      const base = isGlobal ? awsHost(region) : host!;
      const full = (virtual ? `${bucket}.${base}` : base).replace(new RegExp(`${defaultPort}$`), '');
      const object = key === '' ? '' : prefix === '' ? key : `${prefix}/${key}`;
      const path = virtual ? `/${object}` : `/${bucket}${object === '' ? '' : `/${object}`}`;
      return { origin: `${scheme}://${full}`, host: full, path: encodePath(path) };
    },
  };
}

/** The region in a host name such as `s3.eu-west-1.amazonaws.com` or `s3.us-west-000.backblazeb2.com`. */
export function regionOfHost(host: string): string | undefined {
  const name = host.replace(/:\d+$/, '');
  if (globalHosts.has(name)) return undefined;
  const found =
    /(?:^|\.)s3[.-](?:dualstack\.|fips\.|accesspoint\.)*([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(name) ??
    /^s3\.([a-z0-9-]+)\.(?:backblazeb2\.com|wasabisys\.com|scw\.cloud|ovh\.net|io\.cloud\.ovh\.net|cubbit\.eu)$/.exec(
      name,
    ) ??
    /^([a-z0-9-]+)\.(?:digitaloceanspaces|linodeobjects|your-objectstorage)\.com$/.exec(name);
  if (found) return found[1];
  return name.endsWith('.r2.cloudflarestorage.com') ? 'auto' : undefined;
}

function awsHost(region: string): string {
  return `s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

/** A bucket with dots in its name does not match the certificate for `*.s3.amazonaws.com`. */
function isHostLabel(bucket: string): boolean {
  return /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(bucket);
}

function parseUrl(text: string): URL {
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `https://${text}`);
  if (url === null || url.host === '')
    throw new HoldfastError('usage', `${text} is not the URL of an S3 server`);
  return url;
}
