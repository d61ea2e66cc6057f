/** Shows one internal object of a repository as it is: for those who look into the format. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError } from '../kernel/errors.ts';
import { fromHex, toHex } from '../kernel/hex.ts';
import { sha256 } from '../kernel/native/crypto.ts';
import { fileName } from '../vaults/repository/files.ts';
import { encodeConfig } from '../vaults/repository/format/config.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { findSnapshot, resolveId } from '../vaults/repository/snapshot-filter.ts';
import { findSubtree, rootOf } from '../vaults/repository/tree-path.ts';

export const catKinds = [
  'config',
  'index',
  'snapshot',
  'key',
  'masterkey',
  'lock',
  'pack',
  'blob',
  'tree',
] as const;
export type CatKind = (typeof catKinds)[number];

export type CatResult =
  /** to be shown with a line break behind it */
  | { readonly kind: 'text'; readonly text: string }
  /** to be written as they are */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

/**
 * `kind` and, but for config and masterkey, the id (or for snapshot and tree what `findSnapshot` takes).
 * Codes `usage`, `not-found`, `corrupt`.
 */
export async function cat(
  repository: Repository,
  kind: string,
  id: string | undefined,
  context: Context,
): Promise<CatResult> {
  if (!catKinds.includes(kind as CatKind)) {
    throw new HoldfastError(
      'usage',
      `invalid type ${JSON.stringify(kind)}, must be one of [${catKinds.join('|')}]`,
    );
  }
  if (kind === 'config') return indented(encodeConfig(repository.config));
  if (kind === 'masterkey') return masterKey(repository);
  if (id === undefined) throw new HoldfastError('usage', 'ID not specified');
  switch (kind as Exclude<CatKind, 'config' | 'masterkey'>) {
    case 'index':
      return {
        kind: 'text',
        text: text(await repository.readFile('index', await resolveId(repository, 'index', id))),
      };
    case 'snapshot':
      return indented(await repository.readFile('snapshot', (await findSnapshot(repository, id)).id));
    case 'lock':
      return indented(await repository.readFile('lock', await resolveId(repository, 'lock', id)));
    case 'key':
      return indented(await repository.readRaw('key', await resolveId(repository, 'key', id)));
    case 'pack':
      return {
        kind: 'bytes',
        bytes: await readPack(repository, await resolveId(repository, 'pack', id), context),
      };
    case 'blob':
      return { kind: 'bytes', bytes: await readAnyBlob(repository, id) };
    case 'tree': {
      const { snapshot, path } = await findSnapshot(repository, id);
      const tree = await findSubtree(repository, rootOf(snapshot), path);
      return { kind: 'bytes', bytes: await repository.readBlob('tree', tree) };
    }
  }
}

/** A pack that is damaged is shown all the same: looking at it may be the reason to ask. */
async function readPack(repository: Repository, id: string, context: Context): Promise<Uint8Array> {
  const bytes = await repository.storage.read(fileName('pack', id), { signal: context.signal });
  const hash = toHex(sha256(bytes));
  if (hash !== id) context.warn(`hash of data does not match ID, want ${id}, got ${hash}`);
  return bytes;
}

async function readAnyBlob(repository: Repository, text: string): Promise<Uint8Array> {
  const id = fromHex(text);
  if (id?.length !== 32)
    throw new HoldfastError('usage', `unable to parse ID: ${JSON.stringify(text)} is no full id`);
  const index = await repository.loadIndex();
  for (const type of ['data', 'tree'] as const) {
    if (index.find(type, id) >= 0) return repository.readBlob(type, id);
  }
  throw new HoldfastError('not-found', 'blob not found');
}

function masterKey({ key }: Repository): CatResult {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const value = { mac: { k: base64(key.macK), r: base64(key.macR) }, encrypt: base64(key.encrypt) };
  return { kind: 'text', text: JSON.stringify(value, undefined, 2) };
}

function indented(json: Uint8Array): CatResult {
  return { kind: 'text', text: JSON.stringify(JSON.parse(text(json)), undefined, 2) };
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
