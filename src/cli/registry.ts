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
    name: 'init',
    summary: 'make a new repository',
    load: async () => (await import('./commands/init.ts')).initCommand,
  },
  {
    name: 'backup',
    summary: 'make a snapshot of files and directories',
    load: async () => (await import('./commands/backup.ts')).backupCommand,
  },
  {
    name: 'restore',
    summary: 'give a snapshot, or a part of it, back',
    load: async () => (await import('./commands/restore.ts')).restoreCommand,
  },
  {
    name: 'snapshots',
    summary: 'list snapshots',
    load: async () => (await import('./commands/snapshots.ts')).snapshotsCommand,
  },
  {
    name: 'show',
    summary: 'tell all that is known of a snapshot',
    load: async () => (await import('./commands/show.ts')).showCommand,
  },
  {
    name: 'ls',
    summary: 'list what a snapshot holds',
    load: async () => (await import('./commands/ls.ts')).lsCommand,
  },
  {
    name: 'find',
    summary: 'search snapshots for files',
    load: async () => (await import('./commands/find.ts')).findCommand,
  },
  {
    name: 'diff',
    summary: 'show what changed between two snapshots',
    load: async () => (await import('./commands/diff.ts')).diffCommand,
  },
  {
    name: 'dump',
    summary: 'write a file, or a directory as an archive, to standard output',
    load: async () => (await import('./commands/dump.ts')).dumpCommand,
  },
  {
    name: 'mask',
    summary: 'propose and check rules that mask personal data in databases',
    load: async () => (await import('./commands/mask.ts')).maskCommand,
  },
  {
    name: 'forget',
    summary: 'remove snapshots by a policy or by name',
    load: async () => (await import('./commands/forget.ts')).forgetCommand,
  },
  {
    name: 'prune',
    summary: 'remove data that no snapshot needs',
    load: async () => (await import('./commands/prune.ts')).pruneCommand,
  },
  {
    name: 'check',
    summary: 'look for damage',
    load: async () => (await import('./commands/check.ts')).checkCommand,
  },
  {
    name: 'drill',
    summary: 'prove that a snapshot can be restored',
    load: async () => (await import('./commands/drill.ts')).drillCommand,
  },
  {
    name: 'copy',
    summary: 'copy snapshots from another repository',
    load: async () => (await import('./commands/copy.ts')).copyCommand,
  },
  {
    name: 'tag',
    summary: 'change the tags of snapshots',
    load: async () => (await import('./commands/tag.ts')).tagCommand,
  },
  {
    name: 'rewrite',
    summary: 'make new snapshots without some files',
    load: async () => (await import('./commands/rewrite.ts')).rewriteCommand,
  },
  {
    name: 'stats',
    summary: 'count what snapshots hold',
    load: async () => (await import('./commands/stats.ts')).statsCommand,
  },
  {
    name: 'key',
    summary: 'manage keys and passwords',
    load: async () => (await import('./commands/key.ts')).keyCommand,
  },
  {
    name: 'unlock',
    summary: 'remove locks whose holders are gone',
    load: async () => (await import('./commands/unlock.ts')).unlockCommand,
  },
  {
    name: 'repair',
    summary: 'repair index, packs and snapshots',
    load: async () => (await import('./commands/repair.ts')).repairCommand,
  },
  {
    name: 'rebuild-index',
    summary: 'the same as repair index',
    hidden: true,
    load: async () => (await import('./commands/repair.ts')).rebuildIndexCommand,
  },
  {
    name: 'recover',
    summary: 'make a snapshot of what no snapshot leads to',
    load: async () => (await import('./commands/recover.ts')).recoverCommand,
  },
  {
    name: 'cat',
    summary: 'print an internal object',
    load: async () => (await import('./commands/cat.ts')).catCommand,
  },
  {
    name: 'list',
    summary: 'list ids of what the repository holds',
    load: async () => (await import('./commands/list.ts')).listCommand,
  },
  {
    name: 'run',
    summary: 'do jobs of the configuration, whole',
    load: async () => (await import('./commands/run.ts')).runCommand,
  },
  {
    name: 'config',
    summary: 'check and show the configuration',
    load: async () => (await import('./commands/config.ts')).configCommand,
  },
  {
    name: 'bucket',
    summary: 'make a bucket fit for backups, and print policies for it',
    load: async () => (await import('./commands/bucket.ts')).bucketCommand,
  },
  {
    name: 'cache',
    summary: 'list and remove local caches',
    load: async () => (await import('./commands/cache.ts')).cacheCommand,
  },
  {
    name: 'backup-container',
    summary: 'do what backup.sh of backup-container does',
    load: async () => (await import('./commands/backup-container.ts')).backupContainerCommand,
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
    name: 'version',
    summary: 'print the version',
    load: async () => (await import('./commands/version.ts')).versionCommand,
  },
];
