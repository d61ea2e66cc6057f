/** Names of a repository's files: where each kind lies, and which names count. */

/** What stands under an id; `config` has none. */
export type FileKind = 'key' | 'snapshot' | 'index' | 'lock' | 'pack';

/** Kinds whose content is sealed JSON. */
export type SealedKind = 'snapshot' | 'index' | 'lock';

const folders: Readonly<Record<FileKind, string>> = {
  key: 'keys/',
  snapshot: 'snapshots/',
  index: 'index/',
  lock: 'locks/',
  pack: 'data/',
};

export const configName = 'config';

/** The folder of a kind, with its slash. */
export function folderOf(kind: FileKind): string {
  return folders[kind];
}

/** Name of a file in its storage; packs lie in 256 folders by the first two digits. */
export function fileName(kind: FileKind, id: string): string {
  return kind === 'pack' ? `data/${id.slice(0, 2)}/${id}` : folders[kind] + id;
}

const idPattern = /^[0-9a-f]{64}$/;

/** True for 64 lower-case hex digits. */
export function isId(text: string): boolean {
  return idPattern.test(text);
}

/** The id in a stored name; undefined for a foreign file, which nobody touches. */
export function idOfName(name: string): string | undefined {
  const last = name.slice(name.lastIndexOf('/') + 1);
  return isId(last) ? last : undefined;
}

/** The first 8 digits, as people see ids. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}
