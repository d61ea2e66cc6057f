/** Encodes names for URLs, strictly: what servers disagree about is always encoded. */

/** Encodes everything but letters, digits and `-._~`. */
export function encodePart(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A path of several parts, slashes kept. */
export function encodePath(path: string): string {
  return path.split('/').map(encodePart).join('/');
}
