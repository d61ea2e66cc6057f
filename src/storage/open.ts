/** From the text that names a storage to the storage, wrapped for retries and limits. Loads what a kind of storage needs only when it is asked for. */
import { HoldfastError } from '../kernel/errors.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import type { StorageCredentials } from './credentials.ts';
import { createBandwidth, withLimits } from './limit.ts';
import type { Limits } from './limit.ts';
import { createLocalStorage } from './local.ts';
import { parseLocation } from './location.ts';
import type { S3Location } from './location.ts';
import { createMemoryStorage } from './memory.ts';
import { createAttempt, withRetry } from './retry.ts';
import type { S3Client } from './s3/client.ts';
import { countSetting, refuseUnknownSettings } from './settings.ts';
import type { Storage } from './storage.ts';

export interface OpenStorageOptions {
  /** where AWS_*, MINIO_* and proxy settings are read; default the process's */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** who logs in, where a configuration says so; else the environment does */
  readonly credentials?: StorageCredentials | undefined;
  /** settings as restic's `-o` has them, such as `s3.region` */
  readonly extended?: ReadonlyMap<string, string>;
  /** bytes a second; 0 or absent is no limit */
  readonly limitUpload?: number;
  readonly limitDownload?: number;
  /** PEM files of certificate authorities to trust besides the usual ones */
  readonly caFiles?: readonly string[];
  /** PEM file with a client's certificate and key */
  readonly clientCertificateFile?: string | undefined;
  readonly insecureTls?: boolean;
  readonly userAgent?: string | undefined;
  /** milliseconds without a byte after which a request has failed; default 5 minutes */
  readonly stuckRequestTimeout?: number | undefined;
  /** told before each wait for another try: one sentence, milliseconds */
  readonly onRetry?: (message: string, wait: number) => void;
  readonly clock?: Clock;
  readonly random?: () => number;
}

export interface Bucket {
  readonly client: S3Client;
  readonly location: S3Location;
}

const memories = new Map<string, Storage>();

/**
 * Opens the storage named by `text` (see location.ts for the forms) without touching it: whether it is there and may be
 * used, the first call tells. Code `usage` for text or settings that make no sense.
 */
export async function openStorage(text: string, options: OpenStorageOptions = {}): Promise<Storage> {
  const location = parseLocation(text);
  const { clock = systemClock, random = Math.random, onRetry } = options;
  const attempt = createAttempt({
    clock,
    random,
    ...(onRetry === undefined ? {} : { onRetry: (error, wait) => onRetry(error.message, wait) }),
  });
  const limits: Limits = {
    upload: options.limitUpload ? createBandwidth(options.limitUpload, clock) : undefined,
    download: options.limitDownload ? createBandwidth(options.limitDownload, clock) : undefined,
  };
  switch (location.kind) {
    case 'local': {
      const operations = localConnections(settingsOf(options.extended, 'local.'));
      return withRetry(limited(createLocalStorage(location.path), { ...limits, operations }), attempt);
    }
    case 'memory': {
      const known = memories.get(location.name) ?? createMemoryStorage({ location: text });
      memories.set(location.name, known);
      return known;
    }
    case 's3': {
      const { openS3Storage } = await import('./s3/open.ts');
      const storage = openS3Storage(text, location, {
        ...options,
        environment: options.environment ?? process.env,
        settings: settingsOf(options.extended, 's3.'),
        clock,
        attempt,
        limits,
      });
      return withRetry(storage, attempt);
    }
    case 'rclone': {
      const { openRcloneStorage } = await import('./rclone/open.ts');
      const storage = openRcloneStorage(location, {
        ...options,
        environment: options.environment ?? process.env,
        settings: settingsOf(options.extended, 'rclone.'),
        limits,
      });
      return withRetry(storage, attempt);
    }
    case 'rest': {
      const { openRestStorage } = await import('./rest/open.ts');
      const storage = openRestStorage(location, {
        ...options,
        environment: options.environment ?? process.env,
        settings: settingsOf(options.extended, 'rest.'),
        limits,
      });
      return withRetry(storage, attempt);
    }
    case 'ftp': {
      const { openFtpStorage } = await import('./ftp/open.ts');
      const storage = openFtpStorage(text, location, {
        ...options,
        environment: options.environment ?? process.env,
        settings: settingsOf(options.extended, 'ftp.'),
      });
      return withRetry(limited(storage, limits), attempt);
    }
    case 'sftp': {
      const { openSftpStorage } = await import('./sftp/open.ts');
      const storage = openSftpStorage(text, location, {
        ...options,
        environment: options.environment ?? process.env,
        settings: settingsOf(options.extended, 'sftp.'),
      });
      return withRetry(limited(storage, limits), attempt);
    }
  }
}

/**
 * The bucket of an S3 location, for its settings; the caller closes the client. Code `usage` for any other location.
 */
export async function openBucket(text: string, options: OpenStorageOptions = {}): Promise<Bucket> {
  const location = parseLocation(text);
  if (location.kind !== 's3') {
    throw new HoldfastError('usage', 'buckets are a thing of S3, and the location is none of it', {
      hint: 'write s3:https://HOST/BUCKET/PREFIX or s3://BUCKET/PREFIX',
    });
  }
  const { openS3Client } = await import('./s3/open.ts');
  const client = openS3Client(location, {
    ...options,
    environment: options.environment ?? process.env,
    settings: settingsOf(options.extended, 's3.'),
  });
  return { client, location };
}

/** For storages without a pace of their own. */
function limited(storage: Storage, limits: Limits): Storage {
  const { upload, download, operations } = limits;
  return (upload ?? download ?? operations) === undefined ? storage : withLimits(storage, limits);
}

/** The settings of one kind of storage, without their prefix. */
function settingsOf(extended: ReadonlyMap<string, string> | undefined, prefix: string): Map<string, string> {
  const own = [...(extended ?? [])].filter(([name]) => name.startsWith(prefix));
  return new Map(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

function localConnections(settings: ReadonlyMap<string, string>): number | undefined {
  refuseUnknownSettings('local', settings, new Set(['connections', 'layout']));
  return settings.has('connections') ? countSetting(settings, 'local.connections', 1) : undefined;
}
