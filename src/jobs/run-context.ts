/** What a run gets from whoever starts it. */
import type { Context } from '../kernel/context.ts';
import type { BackupProgress } from '../operations/backup/progress.ts';
import type { ItemEvent } from '../operations/backup/protocol.ts';
import type { Step } from './job.ts';

export interface RunContext extends Context {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** variables of the environment that hooks must not see */
  readonly secretVariables: ReadonlySet<string>;
  readonly programVersion: string;
  /** an existing folder with room for what a drill restores */
  readonly temporaryFolder: string;
  /** finds the folder where locks of jobs lie, and makes it when it is not there */
  readonly stateFolder: () => Promise<string>;
  /** absolute paths that are never backed up: what is the program's own */
  readonly ownPaths: readonly string[];
  /** a folder to look for a database's programs in, by the name of the driver's setting */
  readonly programs: (setting: string) => string | undefined;
  /** told of each step when it is over */
  readonly onStep: (step: Step) => void;
  /** told when a backup begins, with how far it is; the answer is called when it is over */
  readonly onBackup?: (subject: string, progress: () => BackupProgress) => () => void;
  /** told of files that cannot be read, and the like */
  readonly onItem?: (subject: string, item: ItemEvent) => void;
}

/** The same with another signal. */
export function withRunSignal(context: RunContext, signal: AbortSignal): RunContext {
  return { ...context, signal, warn: (message) => context.warn(message) };
}
