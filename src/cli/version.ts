/** The version, from the package. */
import { readFileSync } from 'node:fs';

/** As in package.json, like "0.1.0". */
export function readVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** Whose verbs, flags, JSON and exit statuses this program has; wrappers look for such a version. */
const likeRestic = '0.19.1';

/** "holdfast 0.1.0 (works like restic 0.19.1) on node v26.10.0, linux/x64" */
export function versionLine(): string {
  const platform = `node ${process.version}, ${process.platform}/${process.arch}`;
  return `holdfast ${readVersion()} (works like restic ${likeRestic}) on ${platform}`;
}
