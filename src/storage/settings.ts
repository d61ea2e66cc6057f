/** Reads settings of storages that are given as text. */
import { HoldfastError } from '../kernel/errors.ts';

/** For a setting that no storage of this kind has; `known` are the others, without what stands before the dot. */
export function unknownSetting(kind: string, name: string, known: Iterable<string>): HoldfastError {
  const names = [...known].map((one) => `${kind}.${one}`).join(', ');
  return new HoldfastError('usage', `there is no setting ${kind}.${name}`, {
    hint: names === '' ? `${kind} storages have no settings` : `there are ${names}`,
  });
}

/** `name` as the user writes it, such as `sftp.connections`; `settings` go without what stands before the dot. */
export function countSetting(settings: ReadonlyMap<string, string>, name: string, absent: number): number {
  const text = settings.get(name.slice(name.indexOf('.') + 1));
  if (text === undefined) return absent;
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 1 && count <= 10_000) return count;
  throw new HoldfastError('usage', `${name} must be a number of at least 1, not ${text}`);
}
