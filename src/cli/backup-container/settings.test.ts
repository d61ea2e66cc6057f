import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBackupConf } from '../../config/backup-conf.ts';
import { listDatabases, namedDatabase } from './databases.ts';
import { databaseOfEnvironment, readContainerSettings } from './settings.ts';

const read = readContainerSettings;

test('defaults are those of the original', () => {
  const settings = read({});
  assert.deepEqual(settings.problems, []);
  assert.deepEqual(settings.strategy, {
    kind: 'rolling',
    counts: { daily: 6, weekly: 4, monthly: 1 },
    newest: 31,
  });
  assert.equal(settings.folder, '/backups');
  assert.equal(settings.serverTimeout, 120_000);
  assert.equal(settings.tableSchema, 'public');
  assert.equal(settings.periodMs, 86_400_000);
  assert.equal(databaseOfEnvironment({}), 'postgresql:5432/my_postgres_db');
});

test('an empty variable is one that is not set', () => {
  const settings = read({ BACKUP_DIR: '', FTP_URL: '', S3_ENDPOINT: '', WEBHOOK_URL: '', NUM_BACKUPS: '' });
  assert.deepEqual(settings, read({}));
});

test('strategies', () => {
  const kind = (environment: Record<string, string>) => read(environment).strategy?.kind;
  assert.equal(kind({ BACKUP_STRATEGY: 'Daily' }), 'daily');
  assert.equal(kind({ WEEKLY_BACKUPS: '-1' }), 'daily');
  assert.equal(kind({ BACKUP_STRATEGY: 'hourly' }), undefined);
  assert.equal(kind({ MONTHLY_BACKUPS: '-1' }), undefined);
  const none = read({ DAILY_BACKUPS: '0', WEEKLY_BACKUPS: '0', MONTHLY_BACKUPS: '0' });
  assert.deepEqual(none.strategy?.counts, { daily: 1, weekly: 0, monthly: 0 });
});

test('periods are those of sleep', () => {
  const period = (text: string) => read({ BACKUP_PERIOD: text }).periodMs;
  assert.equal(period('30m'), 1_800_000);
  assert.equal(period('1d 12h'), 129_600_000);
  assert.equal(period('90'), 90_000);
  assert.equal(period('0.5h'), 1_800_000);
  assert.match(read({ BACKUP_PERIOD: 'daily' }).problems.join(), /BACKUP_PERIOD/);
});

test('what makes no sense is told, all of it', () => {
  const { problems } = read({
    ...{ NUM_BACKUPS: 'many', BACKUP_STRATEGY: 'hourly', S3_ENDPOINT: 'http://s3', FTP_URL: 'http://ftp' },
    ...{
      WEBHOOK_URL: 'https://hook',
      WEBHOOK_FORMAT: 'xml',
      PGDUTY_URL: 'https://duty',
      MIN_SIZE_RATIO: '2',
    },
  });
  for (const name of [
    'NUM_BACKUPS',
    'BACKUP_STRATEGY',
    'S3_BUCKET',
    'FTP_URL',
    'WEBHOOK_FORMAT',
    'PGDUTY_SVC_KEY',
    'MIN_SIZE_RATIO',
  ]) {
    assert.ok(
      problems.some((problem) => problem.includes(name)),
      name,
    );
  }
});

test('no password stays in the URL of the FTP server', () => {
  const { ftp } = read({ FTP_URL: 'ftp://me:se%20cret@host/a/', FTP_PASSWORD: '' });
  assert.deepEqual(ftp, { url: 'ftp://host/a/', user: 'me', password: 'se cret' });
  assert.equal(read({ FTP_URL: 'ftp.example.com/x' }).ftp?.url, 'ftp://ftp.example.com/x');
});

const conf = parseBackupConf(
  [
    'postgres=wallet-db/tob',
    'mongo=m/x',
    'db.example.com:3306/shop',
    'postgres=pg:5432/app',
    'postgres=pg:5433/app',
  ].join('\n'),
  'backup.conf',
);
const environment = {
  ...{ WALLET_DB_USER: 'wallet', WALLET_DB_PASSWORD: 'w', DATABASE_USER: 'any', DATABASE_PASSWORD: 'a' },
  ...{ DB_EXAMPLE_COM_USER: 'shop' },
};

test('credentials are those of the host, else of all', () => {
  const { databases, refused } = listDatabases(conf, read(environment), environment);
  assert.deepEqual(
    databases.map(({ database: { kind, user, password } }) => [kind, user, password]),
    [
      ['postgres', 'wallet', 'w'],
      ['mariadb', 'shop', 'a'],
      ['postgres', 'any', 'a'],
      ['postgres', 'any', 'a'],
    ],
  );
  assert.deepEqual(refused, [{ text: 'mongo=m/x', message: 'MongoDB is not backed up by holdfast' }]);
  assert.deepEqual(databases.map(({ core, shares }) => [core, shares]).slice(1), [
    ['db.example.com-shop', 1],
    ['pg-app', 2],
    ['pg-app', 2],
  ]);
});

test('lines of other kinds are left to other containers when the kind of this one is said', () => {
  const own = { ...environment, CONTAINER_TYPE: 'postgres' };
  const { databases, refused } = listDatabases(conf, read(own), own);
  assert.deepEqual([databases.length, refused.length], [4, 0]);
});

test('a database without a kind is of the kind that the file says', () => {
  const kind = (text: string) => namedDatabase(text, conf, read(environment), environment).database.kind;
  assert.equal(kind('wallet-db/tob'), 'postgres');
  assert.equal(kind('mysql=wallet-db/tob'), 'mysql');
  assert.equal(kind('other:3306/x'), 'mariadb');
  assert.throws(() => kind('m/x'), /MongoDB is not backed up/);
});
