/** Writes the artefacts of one run: each in one pass, atomically, and the manifest last. */
import { createHash } from 'node:crypto';
import { copyOf } from '../../kernel/bytes.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import type { Context } from '../../kernel/context.ts';
import type { VersionWish } from '../../storage/storage.ts';
import type { Archive } from './archive.ts';
import { findLayout } from './archive.ts';
import { type Encoding, encodingKinds } from './encodings/encoding.ts';
import { encodeThrough, openEncodings } from './encodings/open.ts';
import type { Layout, Tier } from './layout/layout.ts';
import { artefactName, coreName, parseArtefact } from './layout/layout.ts';
import { createDigest } from './digest.ts';
import { findTaken } from './free-name.ts';
import { sealEvidence } from './sealed-evidence.ts';
import { assertSameSource, type Elder, findReplaced, refuseSmaller } from './stable-name.ts';
import type { Digest, Manifest, ManifestArtefact, ManifestSource } from './manifest.ts';
import { encodeManifest, manifestName, unfinishedName } from './manifest.ts';

export interface RunOptions {
  readonly source: ManifestSource;
  /** milliseconds since 1970; undefined for now */
  readonly time: number | undefined;
  /** of `rolling`, from the time of the run */
  readonly tier: (time: number) => Tier | undefined;
  readonly hostname: string;
  readonly program: string;
  readonly tags: readonly string[];
  /** of the file that is replaced in `latest` without older versions, which a new one must have */
  readonly minSizeRatio: number;
}

export interface NewArtefact {
  /** of what it is before it is encoded: `.sql`, `.anon.sql` */
  readonly extension: string;
  /** encodings that compress are passed over: it is compressed already */
  readonly compressed?: boolean;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** asked for when all bytes have passed */
  readonly evidence?: () => unknown;
}

export interface ArchiveRun extends AsyncDisposable {
  readonly layout: Layout;
  /** of its names */
  readonly time: number;
  /**
   * Code `corrupt` when the storage tells of another size than was written, `incomplete` when the only good backup would
   * be replaced by one that is suspiciously small; those of the bytes and of the storage.
   */
  write(artefact: NewArtefact): Promise<ManifestArtefact>;
  /** Writes what makes it a snapshot. Without it everything goes again when the run is disposed of. */
  commit(moreTags?: readonly string[]): Promise<Manifest>;
}

/** Of what is overwritten, the newest 45 stay, and others go after a day. */
const usualVersions: VersionWish = { count: 45, days: 1 };
const noFiles: ReadonlyMap<string, Elder> = new Map();

/**
 * Of a storage that is prepared, with the lock of the name. Names tell times in whole seconds: what is made within one
 * waits for the next. Code `exists` when a stable name is another source's.
 */
export async function beginRun(archive: Archive, options: RunOptions, context: Context): Promise<ArchiveRun> {
  const { storage, zone } = archive;
  const { signal } = context;
  const encodings = await openEncodings(archive.encode);
  const layout = (await findLayout(archive, signal)) ?? 'dated';
  const replaced = layout === 'latest' ? await findReplaced(archive, options.source, context) : noFiles;
  let hasVersions = false;
  if (layout === 'latest' && archive.versions !== false && storage.keepVersions) {
    const notes = await storage.keepVersions(archive.versions ?? usualVersions, { signal });
    for (const { text } of notes) context.warn(text);
    hasVersions = notes.every(({ kind }) => kind !== 'missing');
  }
  let time = Math.floor((options.time ?? context.clock.now()) / 1000) * 1000;
  const spec = (extension: string) => {
    const { host, database } = options.source;
    return { host, database, time, zone, tier: options.tier(time), extension };
  };
  const done: ManifestArtefact[] = [];
  const written: string[] = [];
  let marker: string | undefined;
  let committed = false;

  async function findFreeName(extension: string): Promise<string> {
    const name = artefactName(layout, spec(extension));
    if (layout === 'latest' || done.length > 0) return name;
    const taken = (await findTaken(storage, layout, spec(extension), signal)) ?? (await findManifest(name));
    if (taken === undefined) return name;
    if (options.time !== undefined) throw new HoldfastError('exists', `${taken} is there already`);
    const now = context.clock.now();
    await context.clock.sleep(Math.max(1, time + 1000 - now), signal);
    time = Math.floor(Math.max(context.clock.now(), time + 1000) / 1000) * 1000;
    return findFreeName(extension);
  }

  /** One that outlived its file. */
  async function findManifest(name: string): Promise<string | undefined> {
    const own = manifestName(layout, name);
    for await (const found of storage.list(own, { signal })) if (found.name === own) return own;
    return undefined;
  }

  function manifestOf(artefacts: readonly ManifestArtefact[], moreTags: readonly string[]): Manifest {
    const { source, hostname, program } = options;
    const tags = [...new Set([...options.tags, ...moreTags])];
    return { version: 1, time: new Date(time).toISOString(), source, hostname, program, tags, artefacts };
  }

  return {
    layout,
    get time() {
      return time;
    },
    async write({ extension, compressed, bytes, evidence }) {
      const own = compressed ? encodings.filter(({ name }) => encodingKinds[name].encrypts) : encodings;
      const ending = extension + own.map((encoding) => encoding.extension).join('');
      if (ending === '') throw new HoldfastError('usage', 'what is not encoded needs an ending in its name');
      const name = await findFreeName(ending);
      if (layout === 'dated' && marker === undefined) {
        marker = unfinishedName(name);
        await storage.write(marker, new Uint8Array(0), { signal });
      }
      const there = replaced.get(name);
      if (there) assertSameSource(there, options.source);
      const elder = hasVersions ? undefined : there;
      const guard = (body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> =>
        elder ? refuseSmaller(body, elder, options.minSizeRatio) : body;
      const digests = await writeEncoded(archive, name, bytes, own, guard, signal);
      if (layout !== 'latest') written.push(name);
      const { size } = await storage.stat(name, { signal });
      if (size !== digests.stored.size) {
        // who may only add leaves it
        const stays = await storage.remove(name).then(
          () => '',
          () => ', and it could not be removed',
        );
        throw new HoldfastError(
          'corrupt',
          `${name} has ${size} bytes on ${storage.location}, and ${digests.stored.size} were written${stays}`,
        );
      }
      const seen = await sealEvidence(own, evidence?.(), signal);
      const encoded = own.map((encoding) => encoding.name);
      const artefact = {
        ...{ name, encodings: encoded, ...digests },
        ...seen,
      };
      done.push(artefact);
      return artefact;
    },
    async commit(moreTags = []) {
      if (done.length === 0) throw new HoldfastError('failed', 'the source has nothing to store');
      const manifest = manifestOf(done, moreTags);
      if (layout === 'dated') {
        await put(manifestName(layout, done[0]!.name), manifest);
      } else {
        for (const artefact of done)
          await put(manifestName(layout, artefact.name), manifestOf([artefact], moreTags));
      }
      committed = true;
      // with a manifest it tells nothing any more
      if (marker !== undefined) await storage.remove(marker).catch(() => {});
      if (archive.links ?? layout === 'dated') await linkNewest();
      return manifest;
    },
    async [Symbol.asyncDispose]() {
      if (committed) return;
      // what was overwritten is whole, and shall be told of as it is
      for (const artefact of layout === 'latest' ? done : []) {
        const manifest = encodeManifest(manifestOf([artefact], []));
        await storage.write(manifestName(layout, artefact.name), manifest).catch(() => {});
      }
      // also when the run was interrupted
      for (const name of written) await storage.remove(name).catch(() => {});
      if (marker === undefined) return;
      await storage.remove(marker).catch(() => {});
      // this run's own: nobody else is about to write there
      await storage.removeEmptyFolder?.(marker.slice(0, marker.lastIndexOf('/') + 1)).catch(() => {});
    },
  };

  /** `latest/db-shop.sql.gz`, where the storage has links. */
  async function linkNewest(): Promise<void> {
    for (const { name } of layout === 'latest' ? [] : done) {
      const { extension } = parseArtefact(layout, name, zone)!;
      const { host, database } = options.source;
      const newest = `latest/${coreName({ host, database })}${extension}`;
      await storage.link?.(newest, name, { signal });
    }
  }

  async function put(name: string, manifest: Manifest): Promise<void> {
    const bytes = encodeManifest(manifest);
    if (layout !== 'latest') written.push(name);
    await storage.write(name, bytes, { signal, sha256: createHash('sha256').update(bytes).digest() });
  }
}

async function writeEncoded(
  { storage }: Archive,
  name: string,
  bytes: AsyncIterable<Uint8Array>,
  encodings: readonly Encoding[],
  guard: (body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<{ readonly plain: Digest; readonly stored: Digest }> {
  const plain = createDigest();
  const stored = createDigest();
  const encoded = encodeThrough(encodings, plain.watch(bytes), signal);
  // what a source yields is valid until the next piece alone, and a storage may take several
  const body = encodings.length === 0 ? copied(encoded) : encoded;
  await storage.write(name, guard(stored.watch(body)), { signal });
  return { plain: plain.end(), stored: stored.end() };
}

async function* copied(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  for await (const piece of bytes) yield copyOf(piece);
}
