/** What has to be so before a file of stable name is replaced: it is of the same source, and what comes is not far smaller. */
import type { Context } from '../../kernel/context.ts';
import { HoldfastError, hasCode } from '../../kernel/errors.ts';
import type { StoredObject } from '../../storage/storage.ts';
import type { Archive } from './archive.ts';
import { splitExtension, variantOf } from './layout/extension.ts';
import { coreName, manifestSuffix } from './layout/layout.ts';
import type { ManifestSource } from './manifest.ts';
import { decodeManifest } from './manifest.ts';

/** A file that is there. */
export interface Elder extends StoredObject {
  /** undefined where nobody knows */
  readonly owner: ManifestSource | undefined;
}

/**
 * The files that begin with this name and go on with an ending, by their names: some may be of a name that goes on itself,
 * as their manifests tell. Code `exists` when those of this name are of another source.
 */
export async function findReplaced(
  { storage }: Archive,
  source: ManifestSource,
  { signal, warn }: Pick<Context, 'signal' | 'warn'>,
): Promise<ReadonlyMap<string, Elder>> {
  const core = coreName(source);
  const files = new Map<string, Elder>();
  const manifests: string[] = [];
  for await (const object of storage.list(core, { signal })) {
    const { name } = object;
    const isManifest = name.endsWith(manifestSuffix);
    const artefact = isManifest ? name.slice(0, -manifestSuffix.length) : name;
    if (!artefact.startsWith(`${core}.`) || artefact.includes('/')) continue;
    if (isManifest) manifests.push(artefact);
    else files.set(name, { ...object, owner: undefined });
  }
  for (const name of manifests) {
    const file = files.get(name);
    if (!file) continue;
    const owner = await ownerOf(`${name}${manifestSuffix}`);
    files.set(name, { ...file, owner });
    if (owner && coreName(owner) === core && !haveOtherEndings(owner, source))
      assertSameSource({ ...file, owner }, source);
  }
  return files;

  async function ownerOf(name: string): Promise<ManifestSource | undefined> {
    try {
      return decodeManifest(await storage.read(name, { signal }), name).source;
    } catch (error) {
      // nobody knows what it was, as of a file without one
      if (hasCode(error, 'corrupt', 'not-found', 'truncated')) return undefined;
      // who may only add shall do so, and the older version stays
      if (!hasCode(error, 'forbidden')) throw error;
      warn(`${name} may not be read: whether what is replaced is of the same source is not checked`);
      return undefined;
    }
  }
}

/** Code `exists` for a file of another source. */
export function assertSameSource({ name, owner }: Elder, source: ManifestSource): void {
  if (!owner || isSameSource(owner, source)) return;
  throw new HoldfastError(
    'exists',
    `${name} is a backup of ${owner.paths.join(' and ')}, and would be replaced by one of ${source.paths.join(' and ')}`,
    {
      hint: 'give one of them a name of its own (archive-name), an archive of its own, or move the old file away',
    },
  );
}

/**
 * Two streams, `app.txt` and `app.log`: people who name their files so mean two. The endings of databases and folders say
 * only how they are written.
 */
function haveOtherEndings(one: ManifestSource, other: ManifestSource): boolean {
  const endingOf = ({ kind, paths: [path] }: ManifestSource): string | undefined =>
    kind === 'stream' && path !== undefined
      ? variantOf(splitExtension(path.slice(path.lastIndexOf('/') + 1)).extension)
      : undefined;
  const [ending, otherEnding] = [endingOf(one), endingOf(other)];
  return ending !== undefined && otherEnding !== undefined && ending !== otherEnding;
}

/** A source under a name of its own may get more paths, or lose some, and is the same. */
function isSameSource(one: ManifestSource, other: ManifestSource): boolean {
  return one.paths.length === 0 || one.paths.some((path) => other.paths.includes(path));
}

/** Passes bytes on, and fails with the code `incomplete` at their end when there are too few to replace what is there. */
export async function* refuseSmaller(
  bytes: AsyncIterable<Uint8Array>,
  { name, size }: StoredObject,
  minSizeRatio: number,
): AsyncGenerator<Uint8Array, void, void> {
  let passed = 0;
  for await (const piece of bytes) {
    passed += piece.length;
    yield piece;
  }
  if (passed >= size * minSizeRatio) return;
  throw new HoldfastError(
    'incomplete',
    `${name} is not replaced: it has ${size} bytes, and the new backup with ${passed} is suspiciously small`,
    {
      hint: 'when that is right, --accept-size (holdfast run --accept-size) replaces it once; there are no older versions here',
    },
  );
}
