/** -h: the flags, which are those of backup.sh. */

export const containerUsage = `Does what backup.sh of backup-container does, with the same backup.conf and the same environment.

Usage: holdfast backup-container [flags]
       holdfast backup-container convert [FILE]
       backup.sh [flags]

Without flags it waits and runs the schedules in backup.conf; where there are none, it backs up again and again, with
BACKUP_PERIOD in between. Flags may stand together: -sv all.

  -1          back everything up once
  -s          scheduled, or scripted: nobody is asked anything
  -l          list backups, also those on S3 and FTP
  -c          show the settings
  -p          remove backups that have had their time; with -f those that the filter fits
  -v SPEC     restore the newest backup into a server of its own and look for tables; -v all does so for each database
  -r SPEC     restore into a database: it is dropped and made again
  -f FILTER   which backup: a file, its name, or a part of its path (with -r, -v, -p)
  -a PASSWORD the administrator's password (with -r); better is to be asked for it
  -I          go on after SQL statements that fail (with -r and -v)
  -n          pass over databases for which no program is installed
  -h          show this
  --dry-run   tell what would be done, and do nothing (with -1, -s, -p, -r, -v)

SPEC is [type=]host[:port]/database; types are postgres, mysql and mariadb.

The status is 0 when all is well, 1 when something failed, 3 when a backup lacks something or nothing could be pruned,
130 when it was interrupted.

Examples:
  # once, now
  holdfast backup-container -1

  # the newest backup of a database back into it
  holdfast backup-container -r postgres=postgresql:5432/TheOrgBook_Database

  # a certain one into another database, asking nothing
  holdfast backup-container -s -r wallet-db/test_db -f wallet-db-tob_holder_2026-11-20_01-00-00.sql.gz

  # which file would be verified?
  holdfast backup-container --dry-run -sv all

  # the same configuration for \`holdfast run\`
  holdfast backup-container convert holdfast.yaml
`;
