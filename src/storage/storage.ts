/**
 * Where a vault's bytes live. Names are relative, with `/` between parts, never absolute, never with `..`.
 *
 * Rules for every implementation:
 * - Implementations never retry and never log; `retry.ts` wraps them. They throw HoldfastError alone, with
 *   `retryable: true` for what may pass by itself.
 * - Every method honours its `signal` and then throws the code `interrupted`.
 * - All methods may be called at the same time.
 */

export interface StoredObject {
  /** the whole name, as given to `write` */
  readonly name: string;
  /** bytes */
  readonly size: number;
  /** milliseconds since 1970, where the storage knows */
  readonly modified?: number;
}

/** One version of an object on a storage that keeps older ones, or the mark that it was deleted. */
export interface StoredVersion extends StoredObject {
  readonly version: string;
  /** what reading without a version gives */
  readonly isCurrent: boolean;
  /** nothing can be read of it: it says that the object was deleted then, and older versions are still there */
  readonly isDeletion: boolean;
}

/** What a writer that was killed left of an object. */
export interface Leftover {
  /** the object that was written */
  readonly name: string;
  /** bytes */
  readonly size: number;
  /** Does nothing when somebody has written to it after all, or it is gone. */
  remove(): Promise<void>;
}

/** How long older versions of an object stay. */
export interface VersionWish {
  /** this many of each object stay in any case */
  readonly count: number;
  /** days after which the others go */
  readonly days: number;
}

/** What was changed, or is not as it was wished for: one line for people. */
export interface VersionNote {
  readonly kind: 'changed' | 'missing';
  readonly text: string;
}

export type FindLeftovers = (
  folder: string,
  before: number,
  options?: { signal?: AbortSignal },
) => AsyncIterable<Leftover>;

export interface StorageCapabilities {
  /** `write` with `ifAbsent` is decided atomically by the storage itself */
  readonly conditionalCreate: boolean;
  /** any name can be written; false where only the files of a repository have a place, under restic's names */
  readonly freeNames: boolean;
}

export interface ReadOptions {
  /** first byte, default 0 */
  readonly offset?: number;
  /** number of bytes, default to the end */
  readonly length?: number;
  /** more of this object will be asked for, also by later runs: a local cache shall keep it whole (packs of trees) */
  readonly keep?: boolean;
  /** memory of an earlier answer, which may hold this one when it is large enough; the caller gives it up */
  readonly memory?: ArrayBuffer | undefined;
  /** pieces of a stream may come in the memory of earlier ones: the caller is done with each when it asks for the next */
  readonly reuse?: boolean;
  /** this version instead of the current one; only where there is `listVersions` */
  readonly version?: string | undefined;
  readonly signal?: AbortSignal;
}

export type StatOptions = Pick<ReadOptions, 'version' | 'signal'>;

export type ListVersions = (
  prefix: string,
  options?: { signal?: AbortSignal },
) => AsyncIterable<StoredVersion>;

export interface WriteOptions {
  readonly signal?: AbortSignal;
  /** SHA-256 of the whole body, where the caller knows it already; the storage may hand it to the server */
  readonly sha256?: Uint8Array;
  /** the object will be read again and again: a local cache shall keep it (packs of trees) */
  readonly keep?: boolean;
  /** throws the code `exists` when an object of that name is there; only where `capabilities.conditionalCreate` is it atomic */
  readonly ifAbsent?: boolean;
}

/**
 * One piece, pieces in order, or a stream of unknown length. Pieces may be reused when `write` has resolved, and may lie
 * in a SharedArrayBuffer, of which `fetch` and WebCrypto want a copy.
 */
export type Body = Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array>;

export interface Storage {
  /** for people and messages: a URL or path without secrets */
  readonly location: string;
  readonly capabilities: StorageCapabilities;

  /** Makes the place ready for a first write (folders, bucket). Idempotent. */
  prepare(options?: { signal?: AbortSignal }): Promise<void>;

  /**
   * All objects whose name begins with `prefix` (a folder with its `/`, or '' for all), in no promised order.
   * An absent folder is empty. Unfinished writes are not listed.
   */
  list(prefix: string, options?: { signal?: AbortSignal }): AsyncIterable<StoredObject>;

  /** Code `not-found` when it is absent. */
  stat(name: string, options?: StatOptions): Promise<StoredObject>;

  /**
   * The bytes of a range, in an array that begins an ArrayBuffer of its own (byteOffset 0), so that it can be
   * transferred to another thread. Code `not-found`; code `truncated` when the object ends before the range does.
   */
  read(name: string, options?: ReadOptions): Promise<Uint8Array<ArrayBuffer>>;

  /** As `read`, piece by piece, for what does not fit into memory. */
  stream(name: string, options?: ReadOptions): AsyncIterable<Uint8Array<ArrayBuffer>>;

  /**
   * Writes a whole object. Atomic: under its name there is all of it or nothing (or what was there before), also after
   * a crash; when it resolves, the object survives a power cut as far as the storage can promise it. On failure nothing
   * stays under the name, and temporary pieces are removed.
   */
  write(name: string, body: Body, options?: WriteOptions): Promise<void>;

  /** Removes an object. Removing what is absent is no error. */
  remove(name: string, options?: { signal?: AbortSignal }): Promise<void>;

  /**
   * Unfinished writes below a folder (with its `/`) that nobody has touched since `before`, milliseconds since 1970.
   * Undefined for a storage that keeps none, or has no way to list them.
   */
  readonly leftovers?: FindLeftovers | undefined;

  /**
   * Asks the server whether objects other than locks may be removed: not on one that only appends. Undefined where
   * nothing but trying tells.
   */
  readonly mayRemove?: ((options?: { signal?: AbortSignal }) => Promise<boolean>) | undefined;

  /**
   * Removes a folder (with its `/`) that has nothing in it; any other stays as it is. Undefined for storages that have
   * no folders by themselves.
   */
  readonly removeEmptyFolder?:
    ((folder: string, options?: { signal?: AbortSignal }) => Promise<void>) | undefined;

  /**
   * Puts a symbolic link at `name` in the place of whatever is there, that leads to another object: how people find the
   * newest. Undefined for storages without.
   */
  readonly link?:
    ((name: string, target: string, options?: { signal?: AbortSignal }) => Promise<void>) | undefined;

  /**
   * Sees to it that older versions of what is overwritten stay, and go by themselves in time: switches versioning on, and
   * sets the one rule of ours for this storage's prefix. To be called on every run: when all is right it only reads, and
   * resolves to nothing. What the server does not know, or does not permit, is a note and no error. Undefined for
   * storages without versions.
   */
  readonly keepVersions?:
    ((wish: VersionWish, options?: { signal?: AbortSignal }) => Promise<readonly VersionNote[]>) | undefined;

  /**
   * As `list`, with all versions and deletions of each object: current ones, too, the newest of an object first. Undefined
   * for storages without versions. Code `forbidden` where these may not be listed.
   */
  readonly listVersions?: ListVersions | undefined;

  /** Ends connections. Idempotent. */
  close(): Promise<void>;
}
