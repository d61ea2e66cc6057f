/** Lists all versions of a bucket's objects page by page, and the marks of those that were deleted. */
import { HoldfastError, throwIfAborted } from '../../kernel/errors.ts';
import type { StoredVersion } from '../storage.ts';
import type { S3Client } from './client.ts';
import type { ListOptions } from './list.ts';
import { parseVersionsPage, type VersionsPage } from './xml.ts';

/** The newest of each key first, as the server gives them. */
export async function* listObjectVersions(
  client: S3Client,
  prefix: string,
  { root, attempt, signal }: Pick<ListOptions, 'root' | 'attempt' | 'signal'>,
): AsyncGenerator<StoredVersion, void, void> {
  let from: VersionsPage['next'];
  do {
    const began = from;
    const page = await attempt(() => requestPage(client, root + prefix, began, signal), signal);
    for (const { key, modified, ...version } of page.versions) {
      throwIfAborted(signal);
      if (!key.startsWith(root) || key.endsWith('/')) continue;
      yield { ...version, name: key.slice(root.length), ...(modified === undefined ? {} : { modified }) };
    }
    from = page.next;
    if (from !== undefined && from.key === began?.key && from.version === began.version) {
      throw new HoldfastError(
        'corrupt',
        `the versions of ${client.bucket} have no end: a page leads to itself`,
      );
    }
  } while (from !== undefined);
}

async function requestPage(
  client: S3Client,
  prefix: string,
  from: VersionsPage['next'],
  signal: AbortSignal | undefined,
): Promise<VersionsPage> {
  const query: [string, string][] = [
    ['versions', ''],
    ['encoding-type', 'url'],
    ['prefix', prefix],
  ];
  if (from !== undefined) query.push(['key-marker', from.key]);
  if (from?.version !== undefined) query.push(['version-id-marker', from.version]);
  const action = prefix === '' ? 'list versions' : `list versions of ${prefix}`;
  const response = await client.call({ method: 'GET', key: '', action, query, signal });
  return parseVersionsPage(Buffer.from(response.body.buffer).toString());
}
