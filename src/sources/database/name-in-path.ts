/** Names of hosts, databases and tables as components of a snapshot's paths. */

/** A name as one component of a path: what has a meaning there, or none on a terminal, is percent-encoded. */
export function nameInPath(name: string): string {
  const encoded = name.replaceAll(/[/%\\\0-\x1f\x7f]/g, (character) => encodeURIComponent(character));
  return /^\.+$/.test(encoded) ? encoded.replaceAll('.', '%2E') : encoded;
}
