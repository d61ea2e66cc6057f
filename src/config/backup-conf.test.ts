import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { credentialNames, parseBackupConf, parseDatabaseSpec } from './backup-conf.ts';

const example = `# ============
# - postgres=postgresql/my_database
postgres=postgresql:5432/TheOrgBook_Database
mongo=mender-mongodb:27017/useradm

  wallet-db/tob_issuer   # the issuer
mssql=pims-db-dev:1433/pims
mariadb=matomo-db:3306/matomo

0 1 * * * default ./backup.sh -s
0  4 * * *\tdefault ./backup.sh -s -v all
`;

describe('backup.conf', () => {
  it('has databases in their order, and schedules', () => {
    const conf = parseBackupConf(example, 'backup.conf');
    assert.deepEqual(conf.problems, []);
    assert.deepEqual(
      conf.databases.map(({ line, type, host, port, database }) => [line, type, host, port, database]),
      [
        [3, 'postgres', 'postgresql', 5432, 'TheOrgBook_Database'],
        [4, 'mongo', 'mender-mongodb', 27017, 'useradm'],
        [6, undefined, 'wallet-db', undefined, 'tob_issuer'],
        [7, 'mssql', 'pims-db-dev', 1433, 'pims'],
        [8, 'mariadb', 'matomo-db', 3306, 'matomo'],
      ],
    );
    assert.deepEqual(
      conf.schedules.map(({ line, when, command }) => [line, when.pattern, command]),
      [
        [10, '0 1 * * *', './backup.sh -s'],
        [11, '0 4 * * *', './backup.sh -s -v all'],
      ],
    );
  });

  it('takes fully qualified hosts, addresses and odd names for databases, not for schedules', () => {
    const text = [
      'postgres=db.example.com:5432/app',
      'db.example.com/app',
      'mysql=10.0.0.7/shop.de',
      'postgres=[fd00::7]:5433/app',
      'postgres=[::1]/app',
      'MariaDB=my_host/it-is_a.name',
    ].join('\r\n');
    const { databases, schedules, problems } = parseBackupConf(text, 'backup.conf');
    assert.deepEqual([schedules, problems], [[], []]);
    assert.deepEqual(
      databases.map(({ type, host, database, port }) => [type, `${host} ${database}`, port]),
      [
        ['postgres', 'db.example.com app', 5432],
        [undefined, 'db.example.com app', undefined],
        ['mysql', '10.0.0.7 shop.de', undefined],
        ['postgres', 'fd00::7 app', 5433],
        ['postgres', '::1 app', undefined],
        ['mariadb', 'my_host it-is_a.name', undefined],
      ],
    );
  });

  it('reads options of a line', () => {
    const spec = parseDatabaseSpec(
      'postgres=db/app?verifySchema=shop&exclude-table=log&exclude-table=audit.*&exclude-table-data=cache',
    );
    assert.equal(spec.text, 'postgres=db/app');
    assert.equal(spec.verifySchema, 'shop');
    assert.deepEqual(spec.excludeTables, ['log', 'audit.*']);
    assert.deepEqual(spec.excludeTableData, ['cache']);
  });

  it('tells file and line of what is wrong, and reads the rest', () => {
    const text = [
      'postgres=db/app',
      'postgres=db',
      'oracle=db/app',
      'postgres=db:54x2/app',
      'postgres=db:0/app',
      'postgres=/app',
      'postgres=db/app/postgres',
      'postgres=db/app?verfySchema=x',
      '61 1 * * * default ./backup.sh -s',
      '0 1 * * * default',
      'nonsense of three',
      'mysql=db/shop',
    ].join('\n');
    const { databases, schedules, problems } = parseBackupConf(text, '/etc/backup.conf');
    assert.deepEqual(
      databases.map(({ database }) => database),
      ['app', 'shop'],
    );
    assert.deepEqual(schedules, []);
    assert.deepEqual(
      problems.map(({ line }) => line),
      [2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    );
    assert.deepEqual(
      problems.filter(({ ofSchedule }) => ofSchedule).map(({ line }) => line),
      [9, 10],
    );
    assert.match(problems[0]!.message, /^\/etc\/backup\.conf:2: "postgres=db" names no database/);
    assert.match(problems[1]!.message, /no kind of database called "oracle" \(known are postgres, mysql/);
    assert.match(problems[7]!.message, /^\/etc\/backup\.conf:9: "61 1 \* \* \*" is no schedule: /);
  });

  it('takes schedules as crontabs have them', () => {
    const text = [
      '@daily default ./backup.sh -s',
      '@every 1h30m default /backup.sh -1',
      '*/15 1-5 * * MON-FRI ./backup.sh -s',
      '0 0 1,15 * 7 root backup.sh -s -v pg/app > /tmp/log 2>&1',
      '5 0 * * * default echo "a # b"',
    ].join('\n');
    const { schedules, problems } = parseBackupConf(text, 'backup.conf');
    assert.deepEqual(problems, []);
    assert.deepEqual(
      schedules.map(({ when, command }) => [when.pattern, when.everySeconds, command]),
      [
        ['@daily', undefined, './backup.sh -s'],
        ['@every 1h30m', 5400, '/backup.sh -1'],
        ['*/15 1-5 * * MON-FRI', undefined, './backup.sh -s'],
        ['0 0 1,15 * 7', undefined, 'backup.sh -s -v pg/app > /tmp/log 2>&1'],
        ['5 0 * * *', undefined, 'echo "a # b"'],
      ],
    );
  });

  it('names the variables of credentials', () => {
    assert.deepEqual(credentialNames('wallet-db'), {
      user: 'WALLET_DB_USER',
      password: 'WALLET_DB_PASSWORD',
    });
    assert.equal(credentialNames('db.example.com').user, 'DB_EXAMPLE_COM_USER');
    assert.equal(credentialNames('Postgres_9').password, 'POSTGRES_9_PASSWORD');
  });
});
