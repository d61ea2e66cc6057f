/** File trees for an archive: one tar of everything that was asked for. */
import { tmpdir } from 'node:os';
import { absolutePath } from '../../sources/files/path.ts';
import { makeTemporaryFolder } from '../../sources/sqlite/temporary-folder.ts';
import type { TreeTally } from '../../sources/tar/tree-context.ts';
import { tarOfTree } from '../../sources/tar/write-tree.ts';
import type { Identity } from '../../vaults/archive/layout/layout.ts';
import { pathsIdentity } from '../../vaults/archive/layout/paths-identity.ts';
import type { FileTargets } from '../backup/backup.ts';
import type { ArchiveInput } from './input.ts';
import { currentFolder } from '../../sources/files/current-folder.ts';

/** What the manifest tells of a tar. */
export interface TreeEvidence extends TreeTally {
  readonly kind: 'files';
}

export interface FilesInputOptions {
  readonly host: string;
  readonly named?: Identity;
  /** pack SQLite databases in one state each, copied to the folder for temporary files before */
  readonly sqliteConsistent?: boolean;
  /** Something is not as it should be; `lost` when it is missing in the archive, or not whole there. */
  problem(path: Uint8Array, message: string, lost: boolean): void;
  warn(message: string): void;
}

/** The backup is incomplete when anything was lost. */
export function filesInput(
  { paths, selection }: Pick<FileTargets, 'paths' | 'selection'>,
  { host, named, sqliteConsistent, problem, warn }: FilesInputOptions,
): ArchiveInput {
  const workingDirectory = currentFolder();
  const shown = paths.map((path) => Buffer.from(absolutePath(path, workingDirectory)).toString());
  const tally: TreeTally = { files: 0, directories: 0, others: 0, bytes: 0, lost: 0 };
  return {
    source: { ...(named ?? pathsIdentity(shown, host)), kind: 'files', paths: shown.toSorted() },
    async *artefacts(signal) {
      await using copies = sqliteConsistent ? await makeTemporaryFolder(tmpdir(), Date.now) : undefined;
      const options = { paths, selection, sqliteFolder: copies?.path, problem, warn };
      const bytes = tarOfTree(options, tally, signal);
      yield { extension: '.tar', bytes, evidence: (): TreeEvidence => ({ kind: 'files', ...tally }) };
    },
    incomplete: () => tally.lost > 0,
  };
}
