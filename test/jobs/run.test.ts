/** Whole runs of jobs, with real repositories. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { suite } from 'node:test';
import { startHookServer } from '../support/hook-server.ts';
import type { RunResult } from '../support/program.ts';
import { configured, vault } from './configured.ts';

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
    const letter = readFileSync(join(user.home, 'docs', 'letter.txt'));
    assert.equal((await user.jobs('nightly')).status, 0);
    writeFileSync(join(user.home, 'docs', 'letter.txt'), 'dear reader\n');
    const small = await user.jobs('nightly');
    assert.equal(small.status, 3);
    assert.match(small.stderr, /suspiciously small beside its elders/);
    assert.equal((await user.snapshots('main')).length, 2);
    const again = await user.jobs('nightly');
    assert.equal(again.status, 3, 'a small one is no elder of the next one');
    assert.match(again.stderr, /suspiciously small beside its elders/);
    assert.equal((await user.snapshots('main')).length, 3);
    writeFileSync(join(user.home, 'docs', 'letter.txt'), letter);
    assert.equal((await user.jobs('nightly')).status, 0);
    assert.equal((await user.snapshots('main')).length, 1);
    writeFileSync(join(user.home, 'docs', 'letter.txt'), 'dear reader\n');
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
    writeFileSync(
      join(user.home, '.config', 'holdfast', 'more.yaml'),
      'defaults: { jobs: { check: often } }\n',
    );
    assert.match((await user.jobs('last')).stderr, /more\.yaml:1:28: expected /);
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

  test('--dry-run names what retention would remove after this run, and leaves it', async (t) => {
    const user = configured(
      t,
      `sources: { docs: { paths: ~/docs } }
vaults:
${vault('main')}  plain: { archive: ~/plain }
  never: { archive: ~/never, retention: { last: 1 } }
jobs:
  first: { sources: docs, vaults: [main, plain] }
  nightly: { sources: docs, vaults: [main, plain, never], retention: { last: 2 } }
`,
    );
    for (let i = 0; i < 3; i++) assert.equal((await user.jobs('first')).status, 0);
    const { stdout } = await user.jobs('--dry-run', 'nightly', '--json');
    const { retention } = JSON.parse(stdout) as {
      retention: { vault: string; source: string; remove: string[] }[];
    };
    const named = async (name: string, of: (snapshot: Record<string, string>) => string) =>
      ((await user.snapshots(name)) as unknown as Record<string, string>[]).slice(0, 2).map(of);
    const short = (time: string): string =>
      new Date(Math.floor(Date.parse(time) / 1000) * 1000).toISOString().replace('.000', '');
    assert.deepEqual(retention, [
      {
        ...{ vault: 'main', source: 'docs' },
        remove: await named('main', ({ id, time }) => `snapshot ${id!.slice(0, 8)} of ${short(time!)}`),
      },
      {
        ...{ vault: 'plain', source: 'docs' },
        remove: await named('plain', ({ name, time }) => `${name} of ${short(time!)}`),
      },
      { vault: 'never', source: 'docs', remove: [] },
    ]);
    assert.equal((await user.snapshots('main')).length, 3);
    assert.equal((await user.snapshots('plain')).length, 3);
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
