import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { hasCode } from '../kernel/errors.ts';
import { type EffectiveConfig, effectiveConfig } from './effective.ts';
import { loadConfig, readConfig } from './load.ts';
import { problemLine } from './problem.ts';

/** The configuration that files of /etc/holdfast would give. */
function config(...texts: string[]): EffectiveConfig {
  const files = texts.map((text, i) => ({ path: `/etc/holdfast/${'abc'[i]}.yaml`, text }));
  return effectiveConfig({ ...readConfig(files), place: '/etc/holdfast' });
}

/** What is wrong, without the folder. */
function problems(...texts: string[]): string[] {
  return config(...texts).problems.map((problem) => problemLine(problem).replace('/etc/holdfast/', ''));
}

const good = `
sources:
  docs: { paths: ~/docs }
  shop: { url: postgres://backup@db/shop, password: file:shop.key }
vaults:
  main: { repository: backups, password: env:MAIN }
jobs:
  nightly: { sources: [docs, shop], vaults: main }
`;

suite('a configuration', () => {
  test('that is right has no problems, and paths from the folder of its file', () => {
    const { problems, sources, vaults, jobs } = config(good);
    assert.deepEqual(problems, []);
    assert.deepEqual(sources.get('docs')?.settings, { paths: join(homedir(), 'docs') });
    assert.deepEqual(sources.get('shop')?.settings, {
      url: 'postgres://backup@db/shop',
      password: 'file:/etc/holdfast/shop.key',
    });
    assert.deepEqual(vaults.get('main')?.settings, {
      repository: '/etc/holdfast/backups',
      password: 'env:MAIN',
    });
    assert.deepEqual([...jobs.keys()], ['nightly']);
  });

  test('tells everything that is wrong at once, with its place and what was expected', () => {
    const text = `version: 2
sources:
  shop:
    url: postgres://backup@db/shop
    exclude-table: log
  docs:
    paths: []
    exclude-larger-than: 10MB
    sqlite-consistent: ja
  none: { pathes: x }
  both: { paths: x, url: 'sqlite:x' }
  list: [x]
  nothing:
  un named: { paths: x }
vaults:
  plain: { archive: /x, layout: daly, encode: [gzip, opengpg] }
  secret: { archive: /x, encode: age }
  odd: { archive: /x, layout: rolling, retention: { last: 3 } }
  zoned: { archive: /x, zone: Berlin }
  wide: { repository: x, pack-size: 500, options: { s3.region: [x] } }
jobs:
  nightly:
    hooks:
      before: [{ run: a, timeou: 5m }, 5]
      after: { run: [a, b], timeout: soon }
    check: { read-data-subset: most }
    min-size-ratio: 2
notifications:
  ops: { webhook: 'ftp://x' }
  admins: { mail: [a@b, nobody] }
  none: { mail: a@b, from: c@d, server: 'smtp://x' }
jbos: {}
`;
    assert.deepEqual(problems(text), [
      'a.yaml:1:10: expected version 1',
      'a.yaml:5:5: unknown setting exclude-table, did you mean exclude-tables?',
      'a.yaml:7:12: expected a path or a list, and it is empty',
      'a.yaml:8:26: expected a size such as 500k, 10M or 2G',
      'a.yaml:9:24: expected true or false',
      'a.yaml:10:3: expected paths or url or command in none, did you mean paths?',
      'a.yaml:11:3: expected paths or url or command in both, and not paths and url at once',
      'a.yaml:12:9: expected settings of list',
      'a.yaml:13:3: expected settings of nothing',
      'a.yaml:14:3: expected a name of letters, digits, dots, - and _',
      'a.yaml:16:33: expected one of daily, rolling, flat, latest, dated, did you mean daily?',
      'a.yaml:16:54: expected an encoding: gzip (gzip:1 to gzip:9), lz4, zstd (zstd:1 to zstd:19), openpgp, age or none',
      'a.yaml:17:3: secret: expected recipients: who can open what is encrypted',
      'a.yaml:18:59: odd: the layout rolling keeps so many daily, weekly and monthly ones, and nothing else',
      'a.yaml:19:31: expected a time zone such as Europe/Berlin or UTC',
      'a.yaml:20:37: expected a number of MiB from 4 to 128',
      'a.yaml:20:64: expected text, a number, true or false',
      'a.yaml:22:3: nightly: expected sources or group: what to back up',
      'a.yaml:22:3: nightly: expected vaults: where to',
      'a.yaml:24:26: unknown setting timeou, did you mean timeout?',
      'a.yaml:24:40: expected a command line, or settings: some of run, timeout, on-error',
      'a.yaml:25:38: expected a duration such as 90s, 10m or 1h30m',
      'a.yaml:26:32: expected a part of the data such as 5%, 1/7 or 10G',
      'a.yaml:27:21: expected a number from 0 to 1',
      'a.yaml:29:19: expected a URL of http or https, or where it is, as env:NAME',
      'a.yaml:30:25: expected a mail address',
      'a.yaml:31:41: expected HOST or HOST:PORT',
      'a.yaml:32:1: unknown section jbos, did you mean jobs?',
    ]);
  });

  test('with a mistake of the language says where, and other files are read', () => {
    assert.deepEqual(problems('sources:\n  a: { paths: x\n', 'sources: { b: { pathz: x } }\n'), [
      'a.yaml:3:1: flow map in block collection must be sufficiently indented and end with a }',
      'b.yaml:1:12: expected paths or url or command in b, did you mean paths?',
    ]);
    assert.deepEqual(problems('- sources\n'), [
      'a.yaml:1:1: expected sections: some of version, defaults, profiles, sources, vaults, groups, jobs, notifications',
    ]);
    assert.deepEqual(problems(''), []);
  });

  test('tells what an entry refers to beside what is wrong in it, and in our own words', () => {
    const text = `vaults:
  a: { archive: /x, layout: daly, encode: [age, gzip] }
  b: { archive: /x, retention: { daily: -1, last: 1.5 } }
jobs:
  nightly: { sources: nothing, vaults: b, hooks: { before: { run: x, timeout: 5 } }, notify: nobody }
  twice: { sources: nothing, vaults: 5 }
  pruned: { sources: nothing, vaults: b, prune: { max-unused: a lot } }
  twice: { sources: nothing, vaultz: b, retention: { daily: 1.5 } }
`;
    assert.deepEqual(problems(text), [
      'a.yaml:2:3: a: expected recipients: who can open what is encrypted',
      'a.yaml:2:29: expected one of daily, rolling, flat, latest, dated, did you mean daily?',
      'a.yaml:2:43: a: gzip after age: what is encrypted cannot be compressed, so compress before',
      'a.yaml:3:41: expected a whole number from 0, or unlimited',
      'a.yaml:3:51: expected a whole number from 0, or unlimited',
      'a.yaml:5:23: nightly: there is no source nothing',
      'a.yaml:5:40: nightly: the vault b is wrong',
      'a.yaml:5:79: expected a duration such as 90s, 10m or 1h30m',
      'a.yaml:5:94: nightly: there is no notification nobody',
      'a.yaml:6:21: twice: there is no source nothing',
      'a.yaml:6:38: expected the name of a vault or a list of them',
      'a.yaml:7:22: pruned: there is no source nothing',
      'a.yaml:7:39: pruned: the vault b is wrong',
      'a.yaml:7:63: expected a percentage below 100 such as 5%, a size, or unlimited',
      'a.yaml:8:3: twice is defined already, in /etc/holdfast/a.yaml:6:3',
      'a.yaml:8:21: twice: there is no source nothing',
      'a.yaml:8:30: unknown setting vaultz, did you mean vaults?',
      'a.yaml:8:61: expected a whole number from 0, or unlimited',
    ]);
  });

  test('keeps no archives on storages that take repositories alone', () => {
    assert.deepEqual(
      problems('vaults: { a: { archive: "rest:http://host/x" }, b: { repository: "rest:http://host/x" } }\n'),
      ['a.yaml:1:25: a: REST servers keep repositories alone, and no archives'],
    );
  });

  test('keeps two sources of one name out of one archive', () => {
    const text = `sources:
  a: { paths: /srv/a/b }
  b: { paths: /srv/a-b }
  c: { url: "postgres://db/c", archive-name: shop }
  d: { url: "postgres://old/c", archive-name: shop }
  e: { url: "postgres://db/c", archive-name: shop, mask: rules }
  f: { command: [x], filename: x/dump.sql }
  g: { command: [y], filename: dump.sql }
vaults:
  one: { archive: one }
  two: { archive: two }
  deep: { repository: deep, password: env:X }
groups:
  both: { sources: [c, e] }
jobs:
  files: { sources: [a, b], vaults: [deep, one], host: web }
  apart: { sources: a, vaults: one }
  other: { sources: b, vaults: two }
  fine: { group: both, vaults: one }
  late: { sources: d, vaults: [two, one] }
  dumps: { sources: [f, g], vaults: one, host: web }
`;
    assert.deepEqual(problems(text), [
      'a.yaml:16:3: files: a and b have one name in the archive one, web-srv-a-b: give one of them another archive-name',
      'a.yaml:20:3: late: c and d have one name in the archive one, shop: give one of them another archive-name',
      'a.yaml:21:3: dumps: f and g have one name in the archive one, web-dump: give one of them another filename',
    ]);
  });

  test('tells what an archive does not take', () => {
    const text = `sources:
  fast: { url: "postgres://db/c", connections: 4 }
  my: { url: "mariadb://db/c" }
  masked: { url: "postgres://db/c", mask: rules.yaml }
vaults:
  one: { archive: one }
  several: { archive: several, artefacts: { format: custom } }
  deep: { repository: deep, password: env:X }
jobs:
  fine: { sources: fast, vaults: deep }
  wrong: { sources: fast, vaults: [deep, one] }
  other: { sources: my, vaults: several }
  open: { sources: masked, vaults: [one, several] }
`;
    assert.deepEqual(problems(text), [
      'a.yaml:11:3: wrong: fast is read over several connections, and the archive one takes a dump in its order: leave out connections, or back it up there with another job',
      'a.yaml:12:3: other: the archive several makes artefacts of databases of PostgreSQL alone, and my is none',
      'a.yaml:13:3: open: masked is masked, and the archive several has artefacts, each with a mask of its own or none: say mask there, and give it a source without',
    ]);
  });

  test('knows which settings of artefacts fit each other', () => {
    const text = `vaults:
  one: { archive: one, artefacts: { format: custom, mask: x } }
  two: { archive: two, artefacts: [{ format: custom }, { format: sql, if-exists: true }] }
`;
    assert.deepEqual(problems(text), [
      'a.yaml:2:59: expected mask beside format: sql alone',
      'a.yaml:3:82: expected clean: true beside if-exists',
    ]);
  });

  test('knows the levels of encodings', () => {
    for (const level of ['gzip:1', 'gzip:9', 'zstd:1', 'zstd:9', 'zstd:10', 'zstd:19']) {
      assert.deepEqual(problems(`vaults: { a: { archive: x, encode: "${level}" } }\n`), []);
    }
    for (const level of ['gzip:0', 'gzip:10', 'gzip:99', 'zstd:0', 'zstd:20', 'lz4:1']) {
      assert.match(problems(`vaults: { a: { archive: x, encode: "${level}" } }\n`)[0]!, /gzip:1 to gzip:9/);
    }
  });

  test('in which something is there twice has all the rest, and tells what else is wrong', () => {
    const text = `sources:
  a: { paths: x, tags: [t], paths: y }
  b: { paths: x }
  b: { paths: y }
  c: { pathz: x }
  d: { paths: x }
sources: { e: { paths: x } }
`;
    assert.deepEqual([...config(text).sources.keys()], ['d', 'e']);
    assert.deepEqual(problems(text), [
      'a.yaml:2:29: the setting paths is there twice',
      'a.yaml:4:3: b is defined already, in /etc/holdfast/a.yaml:3:3',
      'a.yaml:5:3: expected paths or url or command in c, did you mean paths?',
      'a.yaml:7:1: the section sources is there twice',
    ]);
    const nested = 'vaults: { v: { repository: x, credentials: { user: a, user: b } } }\n';
    assert.deepEqual(problems(nested), ['a.yaml:1:55: the setting user is there twice']);
  });

  test('has no secrets in it, and repeats none that stand there', () => {
    const text = `
sources:
  shop: { url: 'postgres://backup:geheim@db/shop' }
  other: { url: 'postgres://db/shop', password: geheim }
vaults:
  main: { repository: 'rest:https://me:geheim@host/', password: 'geheim' }
  s3: { repository: 's3:x/y', credentials: { secret-key: geheim } }
notifications:
  ops: { webhook: 'https://me:geheim@host/', token: geheim }
  mail: { mail: a@b, from: c@d, server: x, user: y, password: [geheim] }
`;
    const told = problems(text);
    const where = told.map((line) => line.split(': ')[0]);
    assert.deepEqual(where, [
      ...['a.yaml:3:16', 'a.yaml:4:49', 'a.yaml:6:23', 'a.yaml:6:65', 'a.yaml:7:58'],
      ...['a.yaml:9:19', 'a.yaml:9:53', 'a.yaml:10:63'],
    ]);
    for (const line of told) assert.ok(!line.includes('geheim'), line);
    assert.match(told[0]!, /there is a password in this URL/);
    assert.match(told[1]!, /expected where the secret is, as env:NAME, file:PATH or command:COMMAND/);
  });

  test('of several files is one, and a name that two of them have is nobody’s', () => {
    const first = 'sources:\n  docs: { paths: x }\ndefaults:\n  jobs: { vaults: main }\n';
    const second =
      'sources:\n  docs: { paths: y }\n  more: { paths: z }\ndefaults:\n  jobs: { vaults: x }\n  vaults: { cache: false }\n';
    const found = config(first, second);
    assert.deepEqual([...found.sources.keys()], ['more']);
    assert.deepEqual(found.problems.map(problemLine), [
      '/etc/holdfast/b.yaml:2:3: docs is defined already, in /etc/holdfast/a.yaml:2:3',
      '/etc/holdfast/b.yaml:5:3: the defaults of jobs are defined already, in /etc/holdfast/a.yaml:4:3',
    ]);
  });

  test('takes anchors and aliases of YAML', () => {
    const text = `
sources: { docs: { paths: x } }
vaults:
  a: &a { repository: x, options: &o { s3.region: eu } }
  b: *a
  c: { repository: y, options: *o, packsize: 5 }
`;
    const { vaults, problems } = config(text);
    assert.deepEqual(vaults.get('b')?.settings, vaults.get('a')?.settings);
    assert.deepEqual(problems.map(problemLine), [
      '/etc/holdfast/a.yaml:6:36: unknown setting packsize, did you mean pack-size?',
    ]);
  });
});

suite('what holds in the end', () => {
  test('are own settings, then profiles, the last one first, then defaults; each as a whole', () => {
    const text = `
defaults:
  sources: { exclude: a, exclude-caches: true, globals: false, tags: all }
  jobs: { vaults: main, retention: { daily: 7, weekly: 4 }, check: true }
profiles:
  slow: { vaults: { limit-upload: 1M, compression: 'off' }, sources: { exclude: b, host: h } }
  tight: { vaults: { compression: max }, sources: { host: i } }
sources:
  docs: { paths: x, profile: slow, exclude-caches: false }
  shop: { url: postgres://db/shop, profile: [slow, tight] }
vaults:
  main: { repository: x, profile: [slow, tight] }
jobs:
  nightly: { sources: docs, retention: { last: 1 } }
`;
    const { sources, vaults, jobs, problems } = config(text);
    assert.deepEqual(problems, []);
    assert.deepEqual(sources.get('docs')?.settings, {
      ...{ exclude: 'b', 'exclude-caches': false, tags: 'all', host: 'h', paths: '/etc/holdfast/x' },
    });
    assert.deepEqual(sources.get('shop')?.settings, {
      ...{ globals: false, tags: 'all', host: 'i', url: 'postgres://db/shop' },
    });
    assert.deepEqual(vaults.get('main')?.settings, {
      ...{ 'limit-upload': '1M', compression: 'max', repository: '/etc/holdfast/x' },
    });
    assert.deepEqual(jobs.get('nightly')?.settings, {
      ...{ vaults: 'main', retention: { last: 1 }, check: true, sources: 'docs' },
    });
  });

  test('nobody knows where the defaults are wrong: no job runs without them', () => {
    const found = config(`${good}defaults: { sources: { exclud: x } }\n`);
    assert.deepEqual([...found.jobs.keys()], []);
    assert.match(found.problems.map(({ message }) => message).join(), /nightly: the defaults are wrong/);
  });

  test('a job that refers to what is not there or wrong is named, and the others stand', () => {
    const text = `${good}
  lost:
    sources: [docs, shpo]
    vaults: mian
    notify: [ops]
    profile: gentle
  half: { sources: docs, group: all }
  nowhere: { group: all }
  broken: { sources: bad, vaults: main }
groups:
  all: { sources: [docs, nix] }
`.replace('sources:\n', 'sources:\n  bad: { paths: 5 }\n');
    const found = config(text);
    assert.deepEqual([...found.jobs.keys()], ['nightly']);
    assert.deepEqual(found.jobNames, ['nightly', 'lost', 'half', 'nowhere', 'broken']);
    const lines = found.problems.map((problem) => `${problem.line}:${problem.column}: ${problem.message}`);
    assert.deepEqual(lines, [
      '3:17: expected a path or a list of them',
      '12:21: lost: there is no source shpo, did you mean shop?',
      '13:13: lost: there is no vault mian, did you mean main?',
      '14:13: lost: there is no notification ops',
      '15:14: lost: there is no profile gentle',
      '16:3: half: expected sources or group, and not both',
      '16:3: half: expected vaults: where to',
      '16:33: half: the group all is wrong',
      '17:3: nowhere: expected vaults: where to',
      '17:21: nowhere: the group all is wrong',
      '18:22: broken: the source bad is wrong',
      '20:26: all: there is no source nix',
    ]);
  });
});

suite('where configuration lies', () => {
  test('in the place that is named, else in the first usual one that has any', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-config-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const [user, machine] = [join(folder, 'user'), join(folder, 'machine')];
    const usual = [join(folder, 'absent'), user, machine];
    mkdirSync(user);
    mkdirSync(machine);
    assert.deepEqual(loadConfig({ named: undefined, usual }).place, undefined);
    writeFileSync(join(machine, 'b.yml'), 'sources: { b: { paths: x } }');
    writeFileSync(join(machine, 'a.yaml'), 'sources: { a: { paths: x } }');
    for (const name of ['a.yaml~', '.a.yaml', 'repository.key']) writeFileSync(join(machine, name), '{{');
    const found = loadConfig({ named: undefined, usual });
    assert.equal(found.place, machine);
    assert.deepEqual([...found.entries.sources.keys()], ['a', 'b']);
    writeFileSync(join(user, 'holdfast.yaml'), 'sources: { c: { paths: x } }');
    assert.deepEqual([...loadConfig({ named: undefined, usual }).entries.sources.keys()], ['c']);
    assert.deepEqual([...loadConfig({ named: join(machine, 'b.yml'), usual }).entries.sources.keys()], ['b']);
    const isNotFound = (error: unknown): boolean => hasCode(error, 'not-found');
    assert.throws(() => loadConfig({ named: join(folder, 'absent'), usual }), isNotFound);
    rmSync(join(user, 'holdfast.yaml'));
    assert.throws(() => loadConfig({ named: user, usual }), isNotFound);
  });
});
