/** `holdfast backup` */
import type { Command } from 'commander';
import { Option } from 'commander';
import { addArchiveWriteFlags, type ArchiveFlags } from '../archive-flags.ts';
import type { BackupFlags } from '../backup-options.ts';
import { withNamedSource } from '../configuration/named-source.ts';
import { addDatabaseFlags } from '../database-flags.ts';
import { addExcludeFlags, addIncludeFlags } from '../pattern-flags.ts';
import { collect, collectLists } from '../values.ts';
import type { Invocation, Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

export function backupCommand(runtime: Runtime): Command {
  const command = addIncludeFlags(
    addExcludeFlags(
      verb(
        'backup',
        '[flags] PATH... | postgres://[USER@]HOST[:PORT]/DATABASE | postgres://HOST/* | source:NAME',
        'Makes a snapshot of files and directories, or of a database.',
      ),
    ),
  )
    .option('-x, --one-file-system', 'stay on the file systems of the paths')
    .addOption(
      new Option(
        '--exclude-if-present <name[:header]>',
        'leave out what lies beside a file of this name',
      ).argParser(collect),
    )
    .option('--exclude-caches', 'leave out directories that CACHEDIR.TAG marks as caches')
    .option('--exclude-larger-than <size>', 'leave out larger files')
    .addOption(new Option('--files-from <file>', 'back up what patterns in a file match').argParser(collect))
    .addOption(new Option('--files-from-verbatim <file>', 'back up the lines of a file').argParser(collect))
    .addOption(
      new Option('--files-from-raw <file>', 'back up names that end with a zero byte').argParser(collect),
    )
    .option('--stdin', 'back up standard input')
    .option('--stdin-from-command', 'back up the output of a command: -- COMMAND...')
    .option('--stdin-filename <name>', 'name of the file in the snapshot', 'stdin')
    .addOption(new Option('--tag <tag,...>', 'tags of the snapshot').argParser(collectLists))
    .option('-H, --host <host>', 'host name of the snapshot (default: $HOLDFAST_HOST, or the real one)')
    .addOption(new Option('--hostname <host>').hideHelp())
    .option('--time <time>', 'time of the snapshot, like "2012-11-01 22:08:41"')
    .option('--parent <snapshot>', 'compare with this snapshot')
    .option('-g, --group-by <group>', 'what the parent must share: host, paths, tags', 'host,paths')
    .option('-f, --force', 'read everything again')
    .option('--ignore-ctime', 'files whose change time alone differs are unchanged')
    .option('--ignore-inode', 'the same, and for those whose inode differs')
    .option('--with-atime', 'keep access times')
    .option('--sqlite-consistent', 'store SQLite databases among the files in one state each')
    .option('--skip-if-unchanged', 'make no snapshot when nothing changed')
    .option('-n, --dry-run', 'only say what would be done')
    .option('--no-scan', 'do not count first, for which the progress shows no time left')
    .addOption(new Option('--read-concurrency <n>', 'taken for the sake of scripts; all processors read'));
  addArchiveWriteFlags(addDatabaseFlags(command)).action(
    action<BackupFlags & ArchiveFlags>(
      runtime,
      async (invocation: Invocation, operands, flags) => {
        const { runBackup } = await import('../run-backup.ts');
        const typed = await withNamedSource(invocation, operands, flags);
        await runBackup(invocation, typed.operands, typed.flags);
      },
      async () => {
        const { runArchiveBackup } = await import('../archive/backup.ts');
        return async (invocation, operands, flags) => {
          const typed = await withNamedSource(invocation, operands, flags);
          await runArchiveBackup(invocation, typed.operands, typed.flags);
        };
      },
      async () => {
        const { runBackupToSeveral } = await import('../run-backup-several.ts');
        return async (invocations, operands, flags) => {
          const typed = await withNamedSource(invocations[0]!, operands, flags);
          await runBackupToSeveral(invocations, typed.operands, typed.flags);
        };
      },
    ),
  );
  return withExamples(command, [
    ['holdfast backup ~/documents', 'into the repository of this user, which is made when it is not there'],
    [
      'holdfast -r /srv/backup backup /etc /home --exclude "*.tmp" --tag daily',
      'into a repository of your own',
    ],
    [
      'holdfast backup /srv --include "**/*.odt" --include /srv/www',
      'only what matches, of all below a folder',
    ],
    [
      'holdfast backup postgres://backup@db.example.org/shop',
      'a PostgreSQL database, with the stock pg_dump',
    ],
    ['holdfast backup mysql://backup@db.example.org/shop', 'the same of MySQL; mariadb:// for MariaDB'],
    [
      "holdfast backup --exclude-database 'test_*' 'postgres://backup@db.example.org/*'",
      'all databases of a server, a snapshot for each',
    ],
    [
      "holdfast backup --exclude-table-data 'audit.*' postgres://backup@db.example.org/shop",
      'the same without the rows of some tables',
    ],
    ['holdfast backup /srv --sqlite-consistent', 'files, and SQLite databases among them that are in use'],
    ['holdfast -r main backup source:moodle', 'a source of the configuration, to a vault of it'],
    ['holdfast backup sqlite:/srv/app/app.db', 'a SQLite database, also while it is written to'],
    [
      'holdfast -r archive:/backups backup --layout daily postgres://backup@db.example.org/shop',
      'into an archive: a .sql.gz in a dated folder',
    ],
    [
      'holdfast -r archive:/backups -r s3:https://s3.example.org/deep backup postgres://backup@db/shop',
      'into both, read once',
    ],
    ['pg_dump shop | holdfast backup --stdin --stdin-filename shop.sql', 'what another program prints'],
    ['holdfast backup --stdin-from-command -- pg_dump shop', 'the same, and no snapshot when it fails'],
  ]);
}
