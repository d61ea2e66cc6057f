/** Lists a bucket's objects page by page; the next page is on its way while the caller works on this one. */
import { HoldfastError, throwIfAborted } from '../../kernel/errors.ts';
import type { Attempt } from '../retry.ts';
import type { StoredObject } from '../storage.ts';
import type { S3Client } from './client.ts';
import type { ListPage } from './xml.ts';
import { parseListPage } from './xml.ts';

export interface ListOptions {
  /** what all keys of the storage begin with: '' or with its `/` at the end */
  readonly root: string;
  /** the first version of the call, for servers that have no other */
  readonly version1: boolean;
  /** objects that are wanted, at most; default all */
  readonly most?: number;
  /** runs the request for one page */
  readonly attempt: Attempt;
  readonly signal?: AbortSignal | undefined;
}

export async function* listObjects(
  client: S3Client,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<StoredObject> {
  const { root, signal } = options;
  const stop = new AbortController();
  const both = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const fetchPage = (from: string | undefined): Promise<ListPage> => {
    const page = options.attempt(() => requestPage(client, root + prefix, from, options, both), both);
    // Nobody may be there any more to hear that the page ahead has failed.
    page.catch(() => {});
    return page;
  };
  try {
    let next: Promise<ListPage> | undefined = fetchPage(undefined);
    while (next !== undefined) {
      const page: ListPage = await next;
      next = page.next === undefined || options.most !== undefined ? undefined : fetchPage(page.next);
      for (const { key, size, modified } of page.keys) {
        throwIfAborted(signal);
        // Keys that end with a slash are folders that some browsers make.
        if (!key.startsWith(root) || key.endsWith('/')) continue;
        yield { name: key.slice(root.length), size, ...(modified === undefined ? {} : { modified }) };
      }
    }
  } finally {
    stop.abort();
  }
}

async function requestPage(
  client: S3Client,
  prefix: string,
  from: string | undefined,
  { version1, most }: ListOptions,
  signal: AbortSignal,
): Promise<ListPage> {
  const query: [string, string][] = [
    ['encoding-type', 'url'],
    ['prefix', prefix],
  ];
  if (most !== undefined) query.push(['max-keys', String(most)]);
  if (!version1) query.push(['list-type', '2']);
  if (from !== undefined) query.push([version1 ? 'marker' : 'continuation-token', from]);
  const response = await client.call({
    method: 'GET',
    key: '',
    action: prefix === '' ? 'list objects' : `list ${prefix}`,
    query,
    signal,
  });
  const page = parseListPage(Buffer.from(response.body.buffer).toString());
  if (page.next !== undefined && page.next === from) {
    throw new HoldfastError('corrupt', `the listing of ${client.bucket} has no end: a page leads to itself`);
  }
  return page;
}
