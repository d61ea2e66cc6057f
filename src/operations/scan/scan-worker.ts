/** The thread of a scan. */
import { serve } from '../../kernel/pool-worker.ts';
import type { SelectionOptions } from '../../sources/files/selection.ts';
import type { FileCount } from './count-files.ts';
import { countFiles } from './count-files.ts';

export interface ScanRequest {
  readonly targets: readonly Uint8Array[];
  readonly workingDirectory: Uint8Array;
  readonly selection: SelectionOptions;
}

serve<undefined, ScanRequest, FileCount>(
  () =>
    ({ targets, workingDirectory, selection }) =>
      countFiles(targets, workingDirectory, selection),
);
