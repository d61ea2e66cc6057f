/** What mysqldump and mariadb-dump are asked for. */
import type { Family } from './connection.ts';
import type { ChosenTables } from './table-choice.ts';

/** Options that MySQL's program has and MariaDB's has not, or not in all versions: unknown ones are passed over. */
const mysqlAlone = ['--loose-set-gtid-purged=OFF', '--loose-column-statistics=OFF'];

/** Each is said, whatever a release takes for granted: dumps of two nights look the same. */
const common = [
  '--quote-names',
  '--set-charset',
  '--tz-utc',
  '--comments',
  '--skip-dump-date',
  '--skip-add-drop-table',
  '--skip-add-locks',
  '--skip-lock-tables',
  '--no-tablespaces',
  '--skip-compact',
  '--max-allowed-packet=1G',
];

/** What the rows are: in letters that the program knows, or bytes that it copies, see copied-rows.ts. */
const inLetters = ['--hex-blob'];
const asBytes = ['--skip-hex-blob', '--default-character-set=binary'];

/** Tables with their rows, many to an INSERT, and views, in one transaction. */
export function tableArguments(
  database: string,
  family: Family,
  chosen: ChosenTables,
  areCopied = false,
): string[] {
  return [
    ...common,
    ...(areCopied ? asBytes : inLetters),
    ...['--single-transaction', '--quick', '--create-options', '--disable-keys'],
    ...['--extended-insert', '--skip-triggers', '--skip-routines', '--skip-events', '--skip-no-autocommit'],
    ...(family === 'mysql' ? mysqlAlone : withoutRows(database, chosen)),
    ...ignored(database, chosen),
    '--',
    database,
  ];
}

/** Triggers, routines and events; they know no transactions. */
export function programArguments(
  database: string,
  family: Family,
  chosen: ChosenTables,
  events: boolean,
): string[] {
  const stored = [chosen.only ? '--skip-routines' : '--routines', events ? '--events' : '--skip-events'];
  return [
    ...common,
    ...['--no-data', '--no-create-info', '--triggers', ...stored],
    ...(family === 'mysql' ? mysqlAlone : []),
    ...ignored(database, chosen),
    '--',
    database,
  ];
}

function ignored(database: string, { left }: ChosenTables): string[] {
  return left.map((table) => `--ignore-table=${database}.${table}`);
}

/** MySQL's program cannot do this: there the rows are dropped as they pass. */
function withoutRows(database: string, chosen: ChosenTables): string[] {
  return [...chosen.withoutRows].map((table) => `--ignore-table-data=${database}.${table}`);
}
