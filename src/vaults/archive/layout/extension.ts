/** The endings of artefacts: what a file is (`.sql`, `.anon.sql`, `.dump`, `.db`, `.tar`), then how it is encoded. */

const encodings = ['gz', 'lz4', 'zst', 'gpg', 'age'];
const encoded = new RegExp(String.raw`(?:\.(?:${encodings.join('|')}))+$`);
const known = new RegExp(String.raw`(?:\.anon)?(?:\.(?:sql|dump|db|tar))?(?:\.(?:${encodings.join('|')}))*$`);

/**
 * What retention counts by itself: `.sql` of `.sql.gz`, as the same dump may be encoded otherwise from tomorrow on. Two
 * artefacts of a database, such as its dump and the masked one, have each their own.
 */
export function variantOf(extension: string): string {
  return extension.replace(encoded, '');
}

/** Parts a file's name from its ending where no time stands between them; the ending is '' when there is none. */
export function splitExtension(file: string): { readonly stem: string; readonly extension: string } {
  const extension = known.exec(file)?.[0] || (/\.[A-Za-z0-9]+$/.exec(file)?.[0] ?? '');
  // a name that is an ending and nothing else
  if (extension.length === file.length) return { stem: file, extension: '' };
  return { stem: file.slice(0, file.length - extension.length), extension };
}

/** True for an ending that tells of a dump or of an encoding. */
export function isKnownExtension(extension: string): boolean {
  return known.exec(`x${extension}`)?.[0] === extension;
}
