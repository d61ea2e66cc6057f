/** Opens S3 storages on the test's servers, without retries, so that a test sees what the storage itself does. */
import { systemClock } from '../../src/kernel/clock.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { parseLocation } from '../../src/storage/location.ts';
import type { S3Location } from '../../src/storage/location.ts';
import { openS3Storage } from '../../src/storage/s3/open.ts';
import type { Storage } from '../../src/storage/storage.ts';
import type { S3Server } from '../support/s3-server.ts';

export interface OpenOptions {
  readonly bucket?: string;
  readonly prefix?: string;
  readonly accessKey?: string;
  readonly secretKey?: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly caFiles?: readonly string[];
  readonly multipartFrom?: number;
  readonly partSize?: number;
}

export function openBucket(server: S3Server, options: OpenOptions = {}): Storage {
  const text = `s3:${server.endpoint}/${options.bucket ?? 'holdfast'}/${options.prefix ?? 'p'}`;
  return openS3Storage(text, parseLocation(text) as S3Location, {
    environment: {
      AWS_ACCESS_KEY_ID: options.accessKey ?? server.accessKey,
      AWS_SECRET_ACCESS_KEY: options.secretKey ?? server.secretKey,
      ...options.environment,
    },
    settings: new Map(Object.entries(options.settings ?? {})),
    clock: options.clock ?? systemClock,
    caFiles: options.caFiles ?? (server.ca === undefined ? [] : [server.ca]),
    ...(options.multipartFrom === undefined ? {} : { multipartFrom: options.multipartFrom }),
    ...(options.partSize === undefined ? {} : { partSize: options.partSize }),
  });
}
