/** Reads the few flat XML answers that S3 gives, by scanning for tags; a full parser takes a hundred times as long. */
import { HoldfastError } from '../../kernel/errors.ts';

export interface ListedKey {
  /** still as the server encoded it */
  readonly key: string;
  readonly size: number;
  /** milliseconds since 1970; undefined when the server did not say */
  readonly modified: number | undefined;
}

export interface ListPage {
  readonly keys: readonly ListedKey[];
  /** where the next page begins; undefined on the last one */
  readonly next: string | undefined;
}

/** The text of the first element of that name, entities resolved; undefined when there is none. */
export function textOf(xml: string, tag: string, from = 0, to = xml.length): string | undefined {
  const open = `<${tag}>`;
  const start = xml.indexOf(open, from);
  if (start < 0 || start >= to) return undefined;
  const end = xml.indexOf(`</${tag}>`, start);
  if (end < 0 || end > to) return undefined;
  return resolveEntities(xml.slice(start + open.length, end));
}

/** The page of a listing, version 1 or 2. Code `corrupt` for anything that is none, `truncated` for one without its end. */
export function parseListPage(xml: string): ListPage {
  if (!xml.includes('<ListBucketResult')) throw malformed('a listing');
  // Where the connection's end is the answer's end, HTTP does not notice: objects would be missing and nobody told.
  if (!xml.includes('</ListBucketResult>')) {
    throw new HoldfastError('truncated', 'the listing is cut short', { retryable: true });
  }
  const encoded = textOf(xml, 'EncodingType') === 'url';
  const keys: ListedKey[] = [];
  for (let at = xml.indexOf('<Contents>'); at >= 0; at = xml.indexOf('<Contents>', at)) {
    const end = xml.indexOf('</Contents>', at);
    if (end < 0) throw malformed('a listing');
    const key = textOf(xml, 'Key', at, end);
    const size = Number(textOf(xml, 'Size', at, end));
    if (key === undefined || !Number.isSafeInteger(size) || size < 0) throw malformed('a listing');
    const modified = Date.parse(textOf(xml, 'LastModified', at, end) ?? '');
    keys.push({
      key: encoded ? decodeKey(key) : key,
      size,
      modified: Number.isNaN(modified) ? undefined : modified,
    });
    at = end;
  }
  const more = textOf(xml, 'IsTruncated') === 'true';
  const token = textOf(xml, 'NextContinuationToken');
  const marker = textOf(xml, 'NextMarker');
  const next = token ?? (marker !== undefined && encoded ? decodeKey(marker) : marker) ?? keys.at(-1)?.key;
  if (more && next === undefined) throw malformed('a listing');
  return { keys, next: more ? next : undefined };
}

export interface ListedVersion extends ListedKey {
  readonly version: string;
  readonly isCurrent: boolean;
  readonly isDeletion: boolean;
}

export interface VersionsPage {
  readonly versions: readonly ListedVersion[];
  /** where the next page begins; undefined on the last one */
  readonly next: { readonly key: string; readonly version: string | undefined } | undefined;
}

/** The page of a listing of versions. Codes as above. */
export function parseVersionsPage(xml: string): VersionsPage {
  if (!xml.includes('<ListVersionsResult')) throw malformed('a listing of versions');
  if (!xml.includes('</ListVersionsResult>')) {
    throw new HoldfastError('truncated', 'the listing of versions is cut short', { retryable: true });
  }
  const decode = textOf(xml, 'EncodingType') === 'url' ? decodeKey : (key: string): string => key;
  const versions: ListedVersion[] = [];
  for (const { 1: tag = '', index } of xml.matchAll(/<(Version|DeleteMarker)>/g)) {
    const end = xml.indexOf(`</${tag}>`, index);
    const [key, version] = [textOf(xml, 'Key', index, end), textOf(xml, 'VersionId', index, end)];
    const isDeletion = tag === 'DeleteMarker';
    const size = isDeletion ? 0 : Number(textOf(xml, 'Size', index, end));
    if (end < 0 || key === undefined || version === undefined || !Number.isSafeInteger(size) || size < 0) {
      throw malformed('a listing of versions');
    }
    const modified = Date.parse(textOf(xml, 'LastModified', index, end) ?? '');
    versions.push({
      ...{ key: decode(key), version, size, isDeletion },
      isCurrent: textOf(xml, 'IsLatest', index, end) === 'true',
      modified: Number.isNaN(modified) ? undefined : modified,
    });
  }
  if (textOf(xml, 'IsTruncated') !== 'true') return { versions, next: undefined };
  const key = textOf(xml, 'NextKeyMarker');
  if (key === undefined) throw malformed('a listing of versions');
  return { versions, next: { key: decode(key), version: textOf(xml, 'NextVersionIdMarker') || undefined } };
}

/** Text for the inside of an element. */
export function escapeXml(text: string): string {
  return text.replace(/[<>&]/g, (character) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;' })[character]!);
}

function decodeKey(key: string): string {
  if (!key.includes('%') && !key.includes('+')) return key;
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    throw malformed('a listing');
  }
}

const named: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function resolveEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return named[name as string] ?? whole;
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex as string, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}

function malformed(what: string): HoldfastError {
  return new HoldfastError('corrupt', `the server's answer is not ${what}`, {
    hint: 'check that the location names an S3 server, and no other kind of web server or a proxy',
  });
}
