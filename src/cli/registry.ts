/** Every verb with a line about it, and where its definition lies; only the one that is called gets loaded. */
import type { VerbFactory } from './verb.ts';

export interface Verb {
  readonly name: string;
  readonly summary: string;
  /** older names, and names with which restic still answers */
  readonly aliases?: readonly string[];
  /** not shown in the help */
  readonly hidden?: boolean;
  readonly load: () => Promise<VerbFactory>;
}

export const verbs: readonly Verb[] = [
  {
    name: 'backup',
    summary: 'make a snapshot of files and directories',
    load: async () => (await import('./commands/backup.ts')).backupCommand,
  },
  {
    name: 'init',
    summary: 'make a new repository',
    load: async () => (await import('./commands/init.ts')).initCommand,
  },
  {
    name: 'completion',
    summary: 'print the completion script of a shell',
    load: async () => (await import('./commands/completion.ts')).completionCommand,
  },
  {
    name: 'generate',
    summary: 'write completion scripts to files',
    load: async () => (await import('./commands/generate.ts')).generateCommand,
  },
  {
    name: 'snapshots',
    summary: 'list snapshots',
    load: async () => (await import('./commands/snapshots.ts')).snapshotsCommand,
  },
  {
    name: 'version',
    summary: 'print the version',
    load: async () => (await import('./commands/version.ts')).versionCommand,
  },
];
