/** The text that names a storage, taken apart. The forms are restic's, and `s3://bucket/prefix` as well. */
import { HoldfastError } from '../kernel/errors.ts';
import { ftpLocation, isFtpLocation } from './ftp/location.ts';
import type { FtpLocation } from './ftp/location.ts';
import { rcloneLocation } from './rclone/location.ts';
import type { RcloneLocation } from './rclone/location.ts';
import { restLocation } from './rest/location.ts';
import type { RestLocation } from './rest/location.ts';
import { sftpLocation } from './sftp/location.ts';
import type { SftpLocation } from './sftp/location.ts';

export interface LocalLocation {
  readonly kind: 'local';
  readonly path: string;
}

export interface MemoryLocation {
  readonly kind: 'memory';
  /** storages of the same name in one process are the same storage */
  readonly name: string;
}

export interface S3Location {
  readonly kind: 's3';
  /** host and port; undefined means the endpoint that the environment names, or AWS */
  readonly endpoint: string | undefined;
  readonly secure: boolean;
  readonly bucket: string;
  /** without slashes at its ends; may be empty */
  readonly prefix: string;
}

export type StorageLocation =
  LocalLocation | MemoryLocation | S3Location | SftpLocation | RestLocation | FtpLocation | RcloneLocation;

/**
 * `/path`, `local:path`, `memory:name`, `s3:host/bucket/prefix`, `s3:http://host:port/bucket/prefix`,
 * `s3:https://...`, `s3://host/bucket/prefix`, `s3://bucket/prefix`, and the forms of the location.ts of every other kind. Code
 * `usage` for anything else.
 *
 * After `s3://`, a first part that looks like a host (it has a dot or a port, or is localhost, and a bucket follows) is one, as in
 * restic; anything else is a bucket.
 */
export function parseLocation(text: string): StorageLocation {
  if (text === '') throw new HoldfastError('usage', 'the location of the repository is empty');
  if (text.startsWith('local:')) return localLocation(text.slice('local:'.length));
  if (text.startsWith('memory:')) return { kind: 'memory', name: text.slice('memory:'.length) };
  if (text.startsWith('s3:')) return s3Location(text);
  if (text.startsWith('sftp:')) return sftpLocation(text);
  if (isFtpLocation(text)) return ftpLocation(text);
  if (text.startsWith('rest:')) return restLocation(text);
  if (text.startsWith('rclone:')) return rcloneLocation(text);
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1];
  const drive = process.platform === 'win32' && /^[a-z]:[\\/]/i.test(text);
  if (scheme !== undefined && !drive) {
    throw new HoldfastError('usage', `there is no storage called ${scheme}`, {
      hint: 'use a path, local:, s3:, sftp:, ftp:, rest: or rclone:; write local: before a path that contains a colon',
    });
  }
  return localLocation(text);
}

function localLocation(path: string): LocalLocation {
  if (path === '') throw new HoldfastError('usage', 'the location of the repository has no path');
  return { kind: 'local', path };
}

function s3Location(text: string): S3Location {
  const url = /^s3:(https?):\/\/(?:[^/@]*@)?(.*)$/is.exec(text);
  if (url) {
    const [host, bucket, prefix] = cut(url[2]!);
    return s3Parts(text, host, decode(bucket), decode(prefix), url[1]!.toLowerCase() === 'https');
  }
  const slashes = text.startsWith('s3://');
  const [first, second, rest] = cut(text.slice(slashes ? 's3://'.length : 's3:'.length));
  if (slashes && !(second !== '' && looksLikeHost(first))) {
    const prefix = [second, rest].filter((part) => part !== '').join('/');
    return s3Parts(text, undefined, first, prefix, true);
  }
  return s3Parts(text, first, second, rest, true);
}

function looksLikeHost(text: string): boolean {
  return text === 'localhost' || text.includes('.') || text.includes(':');
}

function s3Parts(
  text: string,
  endpoint: string | undefined,
  bucket: string,
  prefix: string,
  secure: boolean,
): S3Location {
  if (endpoint === '' || bucket === '') {
    throw new HoldfastError('usage', `${text} names no ${endpoint === '' ? 'server' : 'bucket'}`, {
      hint: 'write s3:https://HOST/BUCKET/PREFIX, s3:HOST/BUCKET/PREFIX or s3://BUCKET/PREFIX',
    });
  }
  return { kind: 's3', endpoint, secure, bucket, prefix: cleanPrefix(text, prefix) };
}

/** Host, first part of the path, and the rest of it. */
function cut(text: string): [string, string, string] {
  const [first = '', second = '', ...rest] = text.split('/');
  return [first, second, rest.join('/')];
}

function cleanPrefix(text: string, prefix: string): string {
  const parts = prefix.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new HoldfastError('usage', `${text} has .. in its prefix`);
  return parts.join('/');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new HoldfastError('usage', `${text} is not a valid part of a URL`, { cause });
  }
}
