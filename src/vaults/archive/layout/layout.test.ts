import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasCode } from '../../../kernel/errors.ts';
import { splitExtension, variantOf } from './extension.ts';
import { artefactName, coreName, layouts, parseArtefact, parseLayout, tierOf } from './layout.ts';

const zone = 'America/Los_Angeles';
/** a Friday */
const time = Date.UTC(2026, 10, 20, 9, 5, 7);
const spec = { host: 'postgresql', database: 'TheOrgBook_Database', time, zone, extension: '.sql.gz' };

test('names are those of backup-container, in the local zone', () => {
  assert.equal(
    artefactName('daily', spec),
    '2026-11-20/postgresql-TheOrgBook_Database_2026-11-20_01-05-07.sql.gz',
  );
  assert.equal(artefactName('rolling', spec), `daily/${artefactName('daily', spec)}`);
  assert.equal(
    artefactName('rolling', { ...spec, tier: 'monthly' }),
    `monthly/${artefactName('daily', spec)}`,
  );
  assert.equal(artefactName('flat', spec), 'postgresql-TheOrgBook_Database_2026-11-20_01-05-07.sql.gz');
  assert.equal(artefactName('latest', spec), 'postgresql-TheOrgBook_Database.sql.gz');
  assert.equal(
    artefactName('dated', spec),
    '2026-11-20_09-05-07Z_postgresql-TheOrgBook_Database/postgresql-TheOrgBook_Database.sql.gz',
  );
});

test('without a host the name is that of the database alone', () => {
  assert.equal(
    artefactName('latest', { ...spec, host: '', database: 'infinite-prod' }),
    'infinite-prod.sql.gz',
  );
});

test('the last day of a month comes before Sunday, and each only when such ones are kept', () => {
  const at = (day: string): number => Date.parse(`${day}T12:00:00Z`);
  const tier = (day: string, monthly: number): string => tierOf(at(day), { weekly: 1, monthly }, 'UTC');
  assert.equal(tier('2026-05-31', 1), 'monthly');
  assert.equal(tier('2026-05-31', 0), 'weekly');
  assert.equal(tier('2026-05-24', 1), 'weekly');
  assert.equal(tierOf(at('2026-05-24'), { weekly: 0, monthly: 1 }, 'UTC'), 'daily');
  assert.equal(tier('2024-02-28', 1), 'daily');
  assert.equal(tier('2024-02-29', 1), 'monthly');
  assert.equal(tier('2023-02-28', 1), 'monthly');
  assert.equal(tier('2100-02-28', 1), 'monthly');
});

test('every name that is made is read again, in every zone and layout', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu'];
  const word = fc.stringMatching(/^[a-z0-9][A-Za-z0-9_.-]{0,12}$/);
  fc.assert(
    fc.property(
      ...[word, word, fc.integer({ min: 946_684_800, max: 4_102_444_800 }), fc.constantFrom(...zones)],
      fc.constantFrom('.sql.gz', '.anon.sql.gz.gpg', '.dump', '.tar.zst.age', '.db.lz4'),
      fc.constantFrom(...layouts),
      (host, database, seconds, zone, extension, layout) => {
        const spec = { host, database, time: (seconds as number) * 1000, zone, extension };
        const parsed = parseArtefact(layout, artefactName(layout, spec), zone);
        assert.equal(parsed?.core, coreName(spec));
        assert.equal(parsed?.extension, extension);
        if (layout === 'latest') return;
        // an hour that comes twice is read as the earlier one
        const late = spec.time - parsed!.time!;
        assert.ok(late === 0 || late === 3_600_000 || late === 1_800_000, String(late));
      },
    ),
  );
});

test('what only resembles an artefact is none', () => {
  const name = artefactName('daily', spec);
  for (const [layout, other] of [
    ['daily', `${name}.in_progress`],
    ['daily', `${name}~`],
    ['daily', name.replace('.sql.gz', '')],
    ['daily', name.replace('11-20_01', '13-20_01')],
    ['daily', name.replace('01-05-07', '25-05-07')],
    ['daily', `daily/${name}`],
    ['daily', `.holdfast/${name}`],
    ['rolling', name],
    ['flat', name],
    ['flat', 'db-shop.sql.gz'],
    ['rolling', `yearly/${name}`],
    ['dated', '2026-11-20_09-05-07Z_db-shop/manifest.json'],
    ['dated', '2026-11-20_09-05-07Z_db-shop/db-shop_archive.sql.gz'],
    ['latest', 'db-shop.sql.gz.manifest.json'],
    ['latest', '.bashrc'],
    ['latest', '2026/db-shop.sql.gz'],
    ['latest', 'README'],
  ] as const) {
    assert.equal(parseArtefact(layout, other, zone), undefined, other);
  }
});

test('a database whose name another one continues is another one', () => {
  const cores = ['app', 'app_archive', 'app_2026-11-20_01-05-07'].map((database) => {
    const name = artefactName('daily', { ...spec, host: 'host', database });
    return parseArtefact('daily', name, zone)!.core;
  });
  assert.deepEqual(cores, ['host-app', 'host-app_archive', 'host-app_2026-11-20_01-05-07']);
});

test('no name leaves its folder', () => {
  assert.equal(coreName({ host: '', database: '../etc/passwd' }), '%2E.%2Fetc%2Fpasswd');
  assert.equal(coreName({ host: 'a', database: 'b\n%' }), 'a-b%0A%25');
  assert.throws(
    () => coreName({ host: '', database: '' }),
    (error) => hasCode(error, 'usage'),
  );
});

test('endings are parted from names', () => {
  assert.deepEqual(splitExtension('infinite-prod.anon.gz'), { stem: 'infinite-prod', extension: '.anon.gz' });
  assert.deepEqual(splitExtension('db-v1.2.sql.gz'), { stem: 'db-v1.2', extension: '.sql.gz' });
  assert.deepEqual(splitExtension('mail.mbox'), { stem: 'mail', extension: '.mbox' });
  assert.equal(variantOf('.anon.sql.zst.age'), '.anon.sql');
  assert.equal(variantOf('.gz'), '');
});

test('an unknown layout is refused', () => {
  assert.equal(parseLayout('rolling'), 'rolling');
  assert.throws(
    () => parseLayout('weekly'),
    (error) => hasCode(error, 'usage'),
  );
});
