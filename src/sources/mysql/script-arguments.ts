/** What mysqldump and mariadb-dump are asked for, when the dump is kept as one script that can be loaded over what is there. */
import type { Family } from './connection.ts';
import type { ChosenTables } from './table-choice.ts';

/** Each is said, whatever a release takes for granted. */
const common = [
  ...['--quote-names', '--set-charset', '--tz-utc', '--comments', '--dump-date', '--add-drop-table'],
  ...['--create-options', '--disable-keys', '--extended-insert', '--quick', '--hex-blob', '--no-tablespaces'],
  ...['--single-transaction', '--skip-lock-tables', '--skip-add-locks', '--skip-compact'],
  '--max-allowed-packet=1G',
];
/** Options that MariaDB's program has not, or not in all versions: unknown ones are passed over. */
const mysqlAlone = ['--loose-set-gtid-purged=OFF', '--loose-column-statistics=OFF'];

export interface ScriptArguments {
  readonly whole: readonly string[];
  /** of a second run, for tables whose rows are left out where one run cannot leave them out */
  readonly structure: readonly string[] | undefined;
}

export function scriptArguments(
  database: string,
  family: Family,
  { left, withoutRows }: ChosenTables,
  events: boolean,
): ScriptArguments {
  const own = [...common, ...(family === 'mysql' ? mysqlAlone : [])];
  const names = [...withoutRows];
  const ignored = family === 'mysql' ? [...left, ...names] : left;
  const whole = [
    ...own,
    ...['--routines', '--triggers', events ? '--events' : '--skip-events'],
    ...ignored.map((table) => `--ignore-table=${database}.${table}`),
    ...(family === 'mysql' ? [] : names.map((table) => `--ignore-table-data=${database}.${table}`)),
    ...['--', database],
  ];
  const structure =
    family === 'mysql' && names.length > 0
      ? [...own, '--no-data', '--triggers', '--skip-routines', '--skip-events', '--', database, ...names]
      : undefined;
  return { whole, structure };
}
