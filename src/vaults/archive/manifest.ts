/** What is known of artefacts and no name says: their checksums, what they were made of, what was seen meanwhile. */
import { createHash } from 'node:crypto';
import { HoldfastError } from '../../kernel/errors.ts';
import type { EncodingName } from './encodings/encoding.ts';
import type { Layout, ParsedArtefact } from './layout/layout.ts';
import { coreName, manifestSuffix } from './layout/layout.ts';

export interface Manifest {
  readonly version: 1;
  /** RFC 3339 */
  readonly time: string;
  readonly source: ManifestSource;
  /** the machine that made it, and its program */
  readonly hostname: string;
  readonly program: string;
  readonly tags: readonly string[];
  readonly artefacts: readonly ManifestArtefact[];
}

export interface ManifestSource {
  /** what names are made of */
  readonly host: string;
  readonly database: string;
  /** `files`, `stream`, or the kind of database */
  readonly kind: string;
  /** where it stands in snapshots of repositories: `/postgres/db_5432/shop`, or the paths of files */
  readonly paths: readonly string[];
}

export interface ManifestArtefact {
  /** its whole name in the archive */
  readonly name: string;
  /** in the order in which they were put on */
  readonly encodings: readonly EncodingName[];
  readonly plain: Digest;
  readonly stored: Digest;
  /** of a database: what was seen while it was dumped */
  readonly evidence?: unknown;
  /** the same as JSON, encrypted as the artefact is, in base64 */
  readonly sealedEvidence?: string;
}

export interface Digest {
  /** bytes */
  readonly size: number;
  /** in hexadecimal */
  readonly sha256: string;
}

/** The folder of what scripts that look after `daily` and `rolling` should not stumble on. */
export const ownFolder = '.holdfast/';

/** Where manifests of `daily` and `rolling` lie. */
export const manifestFolder = `${ownFolder}manifests/`;
const nameInFolder = 'manifest.json';
/** The name of a manifest of `dated`. */
export const datedManifest = /^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\dZ_[^/]+\/manifest\.json$/;

/**
 * Where the manifest of an artefact lies. Scripts of backup-container count every file whose path has a database's name
 * in it, so that here it must not have it.
 */
export function manifestName(layout: Layout, artefact: string): string {
  if (layout === 'dated') return `${artefact.slice(0, artefact.lastIndexOf('/') + 1)}${nameInFolder}`;
  if (layout === 'latest') return `${artefact}${manifestSuffix}`;
  const date = /\d{4}-\d\d-\d\d/.exec(artefact)?.[0] ?? 'undated';
  return `${manifestFolder}${date}/${createHash('sha256').update(artefact).digest('hex').slice(0, 32)}.json`;
}

/** What lies beside the files of a run of `dated` until its manifest is written: a manifest that is missing later got lost. */
export function unfinishedName(artefact: string): string {
  return `${artefact.slice(0, artefact.lastIndexOf('/') + 1)}unfinished`;
}

/**
 * What the name of an artefact of `latest` says, where its manifest tells better: the ending of a stream may be anything,
 * and so may the end of a name.
 */
export function toldByManifest<T extends ParsedArtefact>(
  parsed: T,
  name: string,
  manifest: Manifest | undefined,
): T {
  const { host = '', database = '' } = manifest?.source ?? {};
  if (host + database === '') return parsed;
  const core = coreName({ host, database });
  return name.startsWith(`${core}.`) ? { ...parsed, core, extension: name.slice(core.length) } : parsed;
}

export function encodeManifest(manifest: Manifest): Uint8Array {
  return Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`);
}

/** Code `corrupt` for what is no manifest, `unsupported` for that of a later version. */
export function decodeManifest(bytes: Uint8Array, name: string): Manifest {
  let value: Partial<Manifest> | null;
  try {
    value = JSON.parse(Buffer.from(bytes).toString()) as Partial<Manifest> | null;
  } catch (cause) {
    throw new HoldfastError('corrupt', `${name} is no JSON`, { cause });
  }
  if (value?.version !== undefined && value.version !== 1) {
    throw new HoldfastError('unsupported', `${name} was written by a later version of holdfast`);
  }
  const sound =
    typeof value?.time === 'string' &&
    Number.isFinite(Date.parse(value.time)) &&
    typeof value.source?.host === 'string' &&
    typeof value.source.database === 'string' &&
    Array.isArray(value.source.paths) &&
    Array.isArray(value.tags) &&
    Array.isArray(value.artefacts) &&
    value.artefacts.every(({ name, plain, stored }) => name && isDigest(plain) && isDigest(stored));
  if (!sound) throw new HoldfastError('corrupt', `${name} is no manifest`);
  return value as Manifest;
}

function isDigest(value: Partial<Digest> | undefined): boolean {
  return Number.isSafeInteger(value?.size) && /^[0-9a-f]{64}$/.test(value?.sha256 ?? '');
}
