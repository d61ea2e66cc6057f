/** Counts what a backup will take on a thread of its own, beside the backup. */
import { createPool, workerModule } from '../../kernel/pool.ts';
import { currentFolder } from '../../sources/files/current-folder.ts';
import type { SelectionOptions } from '../../sources/files/selection.ts';
import type { FileCount } from './count-files.ts';
import type { ScanRequest } from './scan-worker.ts';

export interface Scan extends AsyncDisposable {
  /** everything is counted; rejects with the code `interrupted` when the scan is ended before */
  readonly finished: Promise<FileCount>;
}

/** Starts counting the targets (raw paths); dispose of the scan to end its thread. */
export function startScan(targets: readonly Uint8Array[], selection: SelectionOptions): Scan {
  const pool = createPool<ScanRequest, FileCount>(workerModule(import.meta.url, './scan-worker'), {
    size: 1,
    data: undefined,
  });
  const finished = pool.run({ targets, workingDirectory: currentFolder(), selection });
  finished.catch(() => {});
  return { finished, [Symbol.asyncDispose]: () => pool.close() };
}
