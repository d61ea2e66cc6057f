/** Reads settings of storages that are given as text. */
import { HoldfastError } from '../kernel/errors.ts';

/** Code `usage` for a setting that storages of this kind do not have; `known` are theirs, without what stands before the dot. */
export function refuseUnknownSettings(
  kind: string,
  settings: ReadonlyMap<string, string>,
  known: ReadonlySet<string>,
): void {
  for (const name of settings.keys()) {
    if (known.has(name)) continue;
    throw new HoldfastError('usage', `there is no setting ${kind}.${name}`, {
      hint: `there are ${[...known].map((one) => `${kind}.${one}`).join(', ')}`,
    });
  }
}

/** `name` as the user writes it, such as `sftp.connections`; `settings` go without what stands before the dot. */
export function countSetting(settings: ReadonlyMap<string, string>, name: string, absent: number): number {
  const text = settings.get(name.slice(name.indexOf('.') + 1));
  if (text === undefined) return absent;
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 1 && count <= 10_000) return count;
  throw new HoldfastError('usage', `${name} must be a number of at least 1, not ${text}`);
}
