/** A snapshot may hold any name; only those that mean one entry of one directory are ever handed to the system. */
import { HoldfastError } from '../../../kernel/errors.ts';
import { showPath } from '../../../kernel/native/system-error.ts';
import { SLASH, isDot, isDotDot } from '../path.ts';

/** True for a name that stands for exactly one entry inside its directory. */
export function isSafeName(name: Uint8Array): boolean {
  return name.length > 0 && !isDot(name) && !isDotDot(name) && !name.includes(SLASH) && !name.includes(0);
}

/** @throws HoldfastError `corrupt` for an empty name, `.`, `..`, and names with a slash or a zero byte */
export function checkName(name: Uint8Array): void {
  if (!isSafeName(name)) throw new HoldfastError('corrupt', `invalid child node name "${showPath(name)}"`);
}

/**
 * Checks every component of a path below the target, such as `home/me`; the empty path is the target itself.
 * @throws HoldfastError `corrupt`
 */
export function checkLocation(location: Uint8Array): void {
  if (location.length === 0) return;
  let start = 0;
  for (let i = 0; i <= location.length; i++) {
    if (i < location.length && location[i] !== SLASH) continue;
    checkName(location.subarray(start, i));
    start = i + 1;
  }
}
