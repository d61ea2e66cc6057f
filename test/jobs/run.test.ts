/** Whole runs of jobs, with a real PostgreSQL, real repositories and real archives. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before, suite } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import type { User } from '../cli/run.ts';
import { configured, vault } from './configured.ts';
import type { DatabaseServer } from '../support/database-server.ts';
import { startHookServer } from '../support/hook-server.ts';
import { startPostgres } from '../support/postgres.ts';
import { runProgram, type RunResult } from '../support/program.ts';
import { holdfastBin } from '../support/restic.ts';
import { skipWithout } from '../support/tools.ts';

interface Told {
  readonly message_type: string;
  readonly step?: string;
  readonly outcome?: string;
  readonly subject?: string;
  readonly message?: string;
  readonly [fact: string]: unknown;
}

/** The steps of a run with --json, without those of hooks. */
function stepsOf({ stdout }: RunResult): string[] {
  const told = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Told);
  return told
    .filter(({ message_type }) => message_type === 'step')
    .map(({ step, subject, outcome }) => `${step} ${subject}: ${outcome}`);
}

suite('a run', () => {
  test('backs up to every vault, keeps what is to be kept, checks and drills', async (t) => {
    const user = configured(
      t,
      `sources:
  docs: { paths: ~/docs, tags: [paper] }
  hello: { command: [echo, hello], filename: hello.txt }
vaults:
${vault('main')}${vault('second')}jobs:
  nightly:
    sources: [docs, hello]
    vaults: [main, second]
    retention: { last: 2 }
    check: true
    drill: true
`,
    );
    const first = await user.jobs('nightly', '--json');
    assert.equal(first.status, 0, first.stderr);
    // what is read once ends in both at about the same time
    const steps = stepsOf(first);
    assert.deepEqual(
      [...steps.slice(0, 2), ...steps.slice(2, 4).toSorted(), ...steps.slice(4)],
      [
        ...['backup docs to main: done', 'backup docs to second: done'],
        ...['backup hello to main: done', 'backup hello to second: done'],
        ...['retention docs to main: done', 'retention hello to main: done', 'check main: done'],
        ...['drill docs to main: done', 'drill hello to main: done'],
        ...['retention docs to second: done', 'retention hello to second: done', 'check second: done'],
        ...['drill docs to second: done', 'drill hello to second: done'],
      ],
    );
    for (let i = 0; i < 2; i++) assert.equal((await user.jobs('nightly')).status, 0);
    for (const name of ['main', 'second']) {
      const there = await user.snapshots(name);
      const paths = there.map((snapshot) => snapshot.paths.join());
      const docs = join(user.home, 'docs');
      assert.deepEqual(paths.toSorted(), [docs, docs, '/hello.txt', '/hello.txt'].toSorted());
      assert.ok(there.filter(({ tags }) => tags?.includes('paper')).length === 2);
    }
  });

  test('removes nothing of other sources, of other hosts, or of sources that hold more', async (t) => {
    const user = configured(
      t,
      `sources:
  docs: { paths: ~/docs, host: here }
vaults:
${vault('main')}jobs:
  nightly: { sources: docs, vaults: main, retention: { last: 1 } }
`,
    );
    mkdirSync(join(user.home, 'more'));
    assert.equal((await user.jobs('nightly')).status, 0);
    for (const args of [
      ['docs', '--host', 'there'],
      ['docs', 'more', '--host', 'here'],
      ['more', '--host', 'here'],
    ]) {
      for (let i = 0; i < 2; i++) assert.equal((await user.run(['-r', 'main', 'backup', ...args])).status, 0);
    }
    const { status, stdout } = await user.jobs('nightly');
    assert.equal(status, 0);
    assert.match(stdout, /retention docs to main: 1 snapshot removed, 1 kept/);
    assert.equal((await user.snapshots('main')).length, 7);
  });

  test('removes nothing when the new backup is suspiciously small', async (t) => {
    const user = configured(
      t,
      `sources:
  docs: { paths: ~/docs }
vaults:
${vault('main')}jobs:
  nightly: { sources: docs, vaults: main, retention: { last: 1 } }
  careless: { sources: docs, vaults: main, retention: { last: 1 }, min-size-ratio: 0 }
`,
    );
    assert.equal((await user.jobs('nightly')).status, 0);
    writeFileSync(join(user.home, 'docs', 'letter.txt'), 'dear reader\n');
    const small = await user.jobs('nightly');
    assert.equal(small.status, 3);
    assert.match(small.stderr, /suspiciously small beside its elders/);
    assert.equal((await user.snapshots('main')).length, 2);
    assert.equal((await user.jobs('careless')).status, 0);
    assert.equal((await user.snapshots('main')).length, 1);
  });

  test('leaves out the vaults that it writes to', async (t) => {
    const user = configured(
      t,
      `sources: { home: { paths: '~', exclude: .cache } }
vaults:
${vault('main')}jobs:
  nightly: { sources: home, vaults: main }
`,
    );
    assert.equal((await user.jobs('nightly')).status, 0);
    const { stdout } = await user.run(['-r', 'main', 'ls', 'latest']);
    assert.match(stdout, /docs\/letter\.txt/);
    assert.ok(!stdout.includes(join(user.home, 'main')));
  });

  test('whose sources are not whole says so, and removes nothing', async (t) => {
    const user = configured(
      t,
      `sources:
  docs: { paths: [~/docs, ~/gone] }
vaults:
${vault('main')}jobs:
  nightly: { sources: docs, vaults: main, retention: { last: 1 } }
`,
    );
    for (let i = 0; i < 2; i++) {
      const { status, stderr } = await user.jobs('nightly');
      assert.equal(status, 3);
      assert.match(stderr, /gone does not exist/);
    }
    assert.equal((await user.snapshots('main')).length, 2);
  });

  test('of all jobs goes on after one that fails, and names what is wrong in the configuration', async (t) => {
    const user = configured(
      t,
      `sources:
  docs: { paths: ~/docs }
  broken: { command: 'echo half; exit 7', filename: half.sql }
vaults:
${vault('main')}  locked: { repository: ~/main, password: env:OTHER }
jobs:
  first: { sources: broken, vaults: main }
  lost: { sources: dcos, vaults: main }
  wrong: { sources: docs, vaults: locked }
  last: { sources: docs, vaults: main }
`,
      { OTHER: 'not the password' },
    );
    const all = await user.jobs('--all');
    assert.equal(all.status, 1);
    assert.match(all.stderr, /failed: backup broken to main: .*exit status 7/);
    assert.match(all.stderr, /holdfast\.yaml:9:20: lost: there is no source dcos, did you mean docs\?/);
    assert.match(all.stderr, /3 of 4 jobs failed: first, lost, wrong/);
    assert.match(all.stdout, /backup docs to main: snapshot [0-9a-f]{8}/);
    assert.equal((await user.snapshots('main')).length, 1, 'nothing half is kept');
    assert.equal((await user.jobs('wrong')).status, 12, 'one cause alone has its own status');
    assert.match((await user.jobs('lsat')).stderr, /there is no job lsat, did you mean last\?/);
    writeFileSync(join(user.home, '.config', 'holdfast', 'more.yaml'), 'jbos:\n  never: { sources: docs }\n');
    assert.equal((await user.jobs('last')).status, 0);
    const unread = await user.jobs('--all');
    assert.match(unread.stderr, /more\.yaml:1:1: unknown section jbos, did you mean jobs\?/);
    assert.match(unread.stderr, /4 of 5 jobs failed: the configuration, first, lost, wrong/);
  });

  test('with --dry-run tells the plan and does nothing', async (t) => {
    const user = configured(
      t,
      `sources: { docs: { paths: ~/docs } }
vaults:
${vault('main')}jobs:
  nightly:
    sources: docs
    vaults: main
    retention: { daily: 7 }
    hooks: { before: touch ran, after: { run: [touch, ran], timeout: 5s } }
`,
    );
    const { status, stdout } = await user.jobs('--dry-run', 'nightly');
    assert.equal(status, 0);
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.trim()),
      [
        'nightly:',
        'run before (600 s at most): touch ran',
        `back up docs (${join(user.home, 'docs')}) to main`,
        'run after (5 s at most): touch ran',
        'in main keep 7 daily snapshots of each source',
      ],
    );
    assert.deepEqual(
      readdirSync(user.home)
        .filter((name) => name !== '.cache')
        .toSorted(),
      ['.config', 'docs'],
    );
  });

  test('is told: by webhook, with what went wrong and without secrets', async (t) => {
    const server = await startHookServer(t);
    const yaml = (command: string): string => `sources:
  docs: { command: '${command}', filename: x.txt }
vaults:
${vault('main')}jobs:
  nightly: { sources: docs, vaults: main, notify: [ops, all] }
  lost: { sources: docs, vaults: mian, notify: all }
notifications:
  ops: { webhook: env:HOOK, format: form, project-name: shop }
  all: { webhook: env:HOOK, when: [success, failure] }
`;
    const user = configured(t, yaml('echo x'), { HOOK: server.url });
    assert.equal((await user.jobs('nightly')).status, 0);
    assert.deepEqual(
      server.posts.map(({ body }) => (JSON.parse(body) as { outcome: string }).outcome),
      ['success'],
    );
    const broken = configured(t, yaml('exit 5'), { HOOK: server.url });
    assert.equal((await broken.jobs('nightly')).status, 1);
    const bodies = server.posts.slice(1).map(({ body }) => body);
    const form = new URLSearchParams(bodies.find((body) => !body.startsWith('{')));
    assert.equal(form.get('statusCode'), 'ERROR');
    assert.equal(form.get('projectName'), 'shop');
    assert.match(form.get('message') ?? '', /failed: backup docs to main: .*exit status 5/);
    for (const body of bodies) assert.ok(!body.includes('secret'));
    assert.equal((await user.jobs('lost')).status, 1);
    assert.match(
      server.posts.at(-1)?.body ?? '',
      /there is no vault mian/,
      'a job that is wrong is told, too',
    );
    server.answers.push(404, 404);
    const unheard = await user.jobs('nightly');
    assert.equal(unheard.status, 3, 'nobody may be looking');
    assert.match(unheard.stderr, /warning: notification all: the webhook all answered with status 404/);
  });
});

suite('hooks of a run', () => {
  const yaml = (hooks: string, more = ''): string => `sources: { docs: { paths: ~/docs } }
vaults:
${vault('main')}groups:
  app: { sources: [docs], hooks: { before: 'echo freeze >> $HOME/said', after: 'echo thaw $HOLDFAST_STATUS >> $HOME/said' } }
jobs:
  nightly: { group: app, vaults: main, hooks: ${hooks} }
${more}`;
  const said = (user: User): string[] => readFileSync(join(user.home, 'said'), 'utf8').trim().split('\n');

  test('of the job are around those of the group, and know of the job but of no secret', async (t) => {
    const hooks = `{ before: 'echo stop $HOLDFAST_JOB $HOLDFAST_GROUP $HOLDFAST_PHASE $MAIN_KEY$AWS_SECRET_ACCESS_KEY. >> $HOME/said', after: 'echo start >> $HOME/said', on-failure: 'echo alarm >> $HOME/said' }`;
    const user = configured(t, yaml(hooks).replace('file:key', 'env:MAIN_KEY'), {
      MAIN_KEY: 'x',
      AWS_SECRET_ACCESS_KEY: 'y',
    });
    const { status } = await user.jobs('nightly');
    assert.equal(status, 0);
    assert.deepEqual(said(user), ['stop nightly app before .', 'freeze', 'thaw success', 'start']);
    const [snapshot] = await user.snapshots('main');
    assert.deepEqual(snapshot?.tags, ['app']);
  });

  test('that fail before stop the run; what was begun is ended', async (t) => {
    const hooks = `{ before: ['echo stop >> $HOME/said', 'echo no more room >&2; exit 4'], after: 'echo start >> $HOME/said', on-failure: 'echo alarm $HOLDFAST_STATUS >> $HOME/said' }`;
    const user = configured(t, yaml(hooks));
    const { status, stderr } = await user.jobs('nightly');
    assert.equal(status, 1);
    assert.match(stderr, /hook before \(.*\): failed with status 4: no more room/);
    assert.deepEqual(said(user), ['stop', 'start', 'alarm failure']);
    assert.ok(!existsSync(join(user.home, 'main')), 'nothing was backed up');
  });

  test('may fail where that is allowed, and take no longer than they may', async (t) => {
    const hooks = `{ before: { run: 'exit 4', on-error: continue }, after: { run: 'sleep 60 & wait', timeout: 300ms } }`;
    const user = configured(t, yaml(hooks));
    const started = Date.now();
    const { status, stderr } = await user.jobs('nightly');
    assert.equal(status, 1);
    assert.match(stderr, /warning: hook before \(exit 4\): failed with status 4/);
    assert.match(stderr, /failed: hook after \(.*\): was ended after 0\.3 seconds/);
    assert.ok(Date.now() - started < 30_000);
    assert.equal((await user.snapshots('main')).length, 1);
  });

  test('that follow come after an interruption, too', async (t) => {
    const hooks = `{ before: 'echo stop >> $HOME/said; sleep 60', after: 'echo start >> $HOME/said' }`;
    const user = configured(t, yaml(hooks));
    const child = spawn(process.execPath, [holdfastBin, 'run', 'nightly'], {
      cwd: user.home,
      env: { ...process.env, ...user.env } as NodeJS.ProcessEnv,
    });
    while (!existsSync(join(user.home, 'said'))) await delay(50);
    child.kill('SIGTERM');
    const [status] = (await once(child, 'exit')) as [number];
    assert.equal(status, 130);
    assert.deepEqual(said(user), ['stop', 'start']);
  });
});

suite('a job that is started twice', () => {
  test('runs once: the second says who has it', async (t) => {
    const user = configured(
      t,
      `sources: { docs: { paths: ~/docs } }
vaults:
${vault('main')}jobs:
  nightly: { sources: docs, vaults: main, hooks: { before: 'touch $HOME/began; while [ ! -e $HOME/go ]; do sleep 0.05; done' } }
  other: { sources: docs, vaults: main }
`,
    );
    const first = user.jobs('nightly');
    while (!existsSync(join(user.home, 'began'))) await delay(50);
    const second = await user.jobs('nightly');
    assert.equal(second.status, 11);
    assert.match(second.stderr, /the job nightly is being run by process \d+ since \d{4}-\d\d-\d\dT/);
    assert.equal((await user.jobs('other')).status, 0, 'other jobs are not held up');
    writeFileSync(join(user.home, 'go'), '');
    assert.equal((await first).status, 0);
    assert.equal((await user.jobs('nightly')).status, 0);
    assert.deepEqual(readdirSync(join(user.home, '.local', 'state', 'holdfast', 'jobs')), []);
  });

  test('is taken over from a process that was killed', async (t) => {
    const user = configured(
      t,
      `sources: { docs: { paths: ~/docs } }
vaults:
${vault('main')}jobs:
  nightly: { sources: docs, vaults: main, hooks: { before: 'if [ ! -e $HOME/began ]; then touch $HOME/began; sleep 60; fi' } }
`,
    );
    const child = spawn(process.execPath, [holdfastBin, 'run', 'nightly'], {
      cwd: user.home,
      env: { ...process.env, ...user.env } as NodeJS.ProcessEnv,
    });
    while (!existsSync(join(user.home, 'began'))) await delay(50);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const { status, stderr } = await user.jobs('nightly');
    assert.equal(status, 0, stderr);
  });
});

suite('a run with a database', { skip: skipWithout('postgres18') }, () => {
  let postgres: DatabaseServer;
  before(async () => {
    postgres = await startPostgres({ major: 18 });
    await postgres.createDatabase('shop');
    await postgres.query(
      'shop',
      `create table orders (id int primary key, note text);
       insert into orders select i, 'note ' || i from generate_series(1, 2000) i;`,
    );
  });
  after(() => postgres.stop());

  const yaml = (more: string): string => `sources:
  shop: { url: 'postgres://postgres@127.0.0.1:${postgres.port}/shop', password: env:SHOP_PASSWORD }
vaults:
${vault('main')}  plain: { archive: ~/plain, layout: dated }
${more}`;
  const environment = (): Record<string, string> => ({
    SHOP_PASSWORD: postgres.password,
    HOLDFAST_POSTGRES_BIN: postgres.bin,
  });

  test('gives a repository and an archive one state of it', async (t) => {
    const jobs = 'jobs:\n  nightly: { sources: shop, vaults: [main, plain], check: true }\n';
    const user = configured(t, yaml(jobs), environment());
    // rows come and go meanwhile
    let over = false;
    const busy = (async () => {
      while (!over)
        await postgres.query('shop', 'update orders set note = clock_timestamp()::text where id <= 3');
    })();
    const { status, stderr } = await user.jobs('nightly');
    over = true;
    await busy;
    assert.equal(status, 0, stderr);
    const dumped = await user.run([
      '-r',
      'main',
      'dump',
      'latest',
      '--path',
      `/postgres/127.0.0.1_${postgres.port}/shop`,
    ]);
    const [folder = ''] = readdirSync(join(user.home, 'plain')).filter(
      (name) => name !== 'latest' && !name.startsWith('.'),
    );
    const [file = ''] = readdirSync(join(user.home, 'plain', folder)).filter((name) =>
      name.endsWith('.sql.gz'),
    );
    const plain = gunzipSync(readFileSync(join(user.home, 'plain', folder, file))).toString();
    const rowsOf = (sql: string): string[] => sql.split('\n').filter((line) => /^[123]\t/.test(line));
    assert.equal(rowsOf(plain).length, 3);
    assert.deepEqual(rowsOf(dumped.stdout), rowsOf(plain), 'one state of it');
    const psql = await runProgram(
      join(postgres.bin, 'psql'),
      ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', 'copy'],
      {
        env: await (async () => {
          await postgres.createDatabase('copy');
          return postgres.env;
        })(),
        input: plain,
      },
    );
    assert.equal(psql.status, 0);
    assert.equal(await postgres.query('copy', 'select count(*) from orders'), '2000\n');
  });

  test('one vault of which fails is whole in the others, and says so', async (t) => {
    const jobs = `  broken: { repository: ~/nowhere, password: file:key }
jobs:
  nightly: { sources: shop, vaults: [broken, main, plain], retention: { last: 3 } }
`;
    const user = configured(t, yaml(jobs), environment());
    const { status, stderr, stdout } = await user.jobs('nightly');
    assert.equal(status, 10, 'the one cause has its status');
    assert.match(stderr, /failed: backup to broken: /);
    assert.match(stdout, /backup shop to main: snapshot/);
    assert.match(stdout, /backup shop to plain: .*\.sql\.gz/);
    assert.equal((await user.run(['-r', 'main', 'check', '--read-data'])).status, 0);
    assert.equal((await user.run(['-r', 'plain', 'check'])).status, 0);
  });

  test('whose vault breaks off midway is whole in the others', async (t) => {
    const jobs = `  full: { archive: ~/full }
jobs:
  nightly: { sources: shop, vaults: [full, main], retention: { last: 3 } }
`;
    const user = configured(t, yaml(jobs), environment());
    // a file stands where the archive wants its folder
    writeFileSync(join(user.home, 'full'), 'in the way');
    const { status, stderr } = await user.jobs('nightly');
    assert.notEqual(status, 0);
    assert.match(stderr, /failed: backup shop to full/);
    assert.equal((await user.snapshots('main')).length, 1);
    assert.equal((await user.run(['-r', 'main', 'check', '--read-data'])).status, 0);
    rmSync(join(user.home, 'full'));
    assert.equal((await user.jobs('nightly')).status, 0);
  });

  test('makes several dumps of one state for two archives', async (t) => {
    const user = configured(
      t,
      yaml(`  local: { archive: ~/local, profile: three }
  stable: { archive: ~/stable, layout: latest, profile: three }
profiles:
  three:
    vaults:
      artefacts:
        - { format: custom }
        - { format: sql, owner: false, privileges: false, clean: true, if-exists: true }
        - { format: sql, mask: rules.d/mask.yaml }
jobs:
  nightly: { sources: shop, vaults: [local, stable, main] }
`),
      environment(),
    );
    const folder = join(user.home, '.config', 'holdfast', 'rules.d');
    mkdirSync(folder);
    writeFileSync(join(folder, 'mask.yaml'), 'columns:\n  "*.note": { fixed: masked }\n');
    const { status, stderr, stdout } = await user.jobs('nightly');
    assert.equal(status, 0, stderr + stdout);
    const stable = readdirSync(join(user.home, 'stable'))
      .filter((name) => !name.startsWith('.'))
      .toSorted();
    assert.deepEqual(
      stable.filter((name) => !name.endsWith('.json')).map((name) => name.replace(/^.*?shop/, 'shop')),
      ['shop.anon.sql.gz', 'shop.dump', 'shop.sql.gz'],
    );
    const masked = gunzipSync(
      readFileSync(
        join(
          user.home,
          'stable',
          stable.find((name) => name.endsWith('.anon.sql.gz'))!,
        ),
      ),
    );
    assert.ok(masked.includes('\tmasked\n') && !masked.includes('note 7'));
    const listed = await runProgram(join(postgres.bin, 'pg_restore'), [
      '--list',
      join(
        user.home,
        'stable',
        stable.find((name) => name.endsWith('.dump'))!,
      ),
    ]);
    assert.match(listed.stdout, /TABLE DATA public orders/);
  });
});
