/** Whether there is something to start at all: asking by starting it costs a process for each folder of the PATH. */
import { accessSync, constants, realpathSync } from 'node:fs';

/** The file that `path` leads to, when this user may run it. */
export function executableAt(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
