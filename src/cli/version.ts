/** The version, from the package. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** Whose verbs, flags, JSON and exit statuses this program has; wrappers look for such a version. */
export const likeRestic = '0.19.1';

/** As in package.json, like "0.1.0". */
export function readVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** True when the program was started by a link of the name `restic`: for wrappers that want to read that name. */
export function isCalledRestic(script = process.argv[1] ?? ''): boolean {
  return basename(script) === 'restic';
}

/** "holdfast 0.1.0 (works like restic 0.19.1) on node v26.10.0, linux/x64"; the other way round when called restic. */
export function versionLine(calledRestic = isCalledRestic()): string {
  const platform = `node ${process.version}, ${process.platform}/${process.arch}`;
  return calledRestic
    ? `restic ${likeRestic} compiled with holdfast ${readVersion()} on ${platform}`
    : `holdfast ${readVersion()} (works like restic ${likeRestic}) on ${platform}`;
}
