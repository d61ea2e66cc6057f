/** Where the snapshots of a database stand that are not simply its parts: apart, so that no retention takes one kind for another. */
import type { Masking } from '../masking/masking.ts';
import { maskedFolder } from '../masking/masking.ts';
import type { OneFileFormat } from './evidence.ts';

export function snapshotFolder(
  folder: string,
  options: { readonly masking?: Masking | undefined; readonly format?: OneFileFormat },
): string {
  const own = options.format === undefined ? folder : `${folder}/${options.format}`;
  return options.masking ? maskedFolder(own) : own;
}
