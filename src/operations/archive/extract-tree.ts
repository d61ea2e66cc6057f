/** Restores a tar of an archive into a folder: what the patterns take, as a restore of a snapshot does. */
import { createAttributeFilter, createRestoreFilter } from '../../sources/files/restore-filter.ts';
import type { RestoreFilterOptions } from '../../sources/files/restore-filter.ts';
import { absolutePath, rawPath } from '../../sources/files/path.ts';
import type { OverwritePolicy } from '../../sources/files/target/overwrite.ts';
import { extractTar, type ExtractOptions, type ExtractTally } from '../../sources/tar/extract.ts';
import type { Archive, StoredArtefact } from '../../vaults/archive/archive.ts';
import { openArtefact } from '../../vaults/archive/reader.ts';
import { currentFolder } from '../../sources/files/current-folder.ts';

export interface ExtractTreeOptions extends Pick<ExtractOptions, 'dryRun' | 'problem' | 'restored' | 'warn'> {
  /** a directory, made when it is missing */
  readonly target: string;
  readonly patterns: RestoreFilterOptions;
  /** patterns on names of extended attributes; one of both, all attributes without */
  readonly includeXattrs: readonly string[];
  readonly excludeXattrs: readonly string[];
  readonly overwrite: OverwritePolicy;
  readonly ownershipByName: boolean;
}

/** Codes of the reader and of `extractTar`; `usage` for patterns. */
export async function extractTree(
  archive: Archive,
  artefact: StoredArtefact,
  options: ExtractTreeOptions,
  signal: AbortSignal,
): Promise<ExtractTally> {
  const { target, patterns, includeXattrs, excludeXattrs, ownershipByName, ...others } = options;
  const extract: ExtractOptions = {
    ...others,
    target: absolutePath(rawPath(target), currentFolder()),
    filter: createRestoreFilter(patterns),
    policy: { ownershipByName, attributes: createAttributeFilter(includeXattrs, excludeXattrs) },
  };
  return extractTar(openArtefact(archive, artefact, signal), extract, signal);
}
