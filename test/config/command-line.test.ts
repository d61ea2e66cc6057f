/** The configuration on the command line: written, checked, shown, and vaults and sources by their names. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { suite } from 'node:test';
import { newUser, type User } from '../cli/run.ts';
import { startMailServer } from '../support/mail-server.ts';
import { runProgram } from '../support/program.ts';
import { holdfastBin } from '../support/restic.ts';
import type { Cleanup } from '../support/temp.ts';

interface Configured extends User {
  readonly folder: string;
}

/** A user with this configuration, a folder `docs`, and a working directory that is the home. */
function configured(t: Cleanup, yaml?: string): Configured {
  const user = newUser(t);
  const folder = join(user.home, '.config', 'holdfast');
  mkdirSync(folder, { recursive: true });
  if (yaml !== undefined) writeFileSync(join(folder, 'holdfast.yaml'), yaml);
  mkdirSync(join(user.home, 'docs'));
  writeFileSync(join(user.home, 'docs', 'letter.txt'), 'dear reader\n');
  writeFileSync(join(user.home, 'docs', 'draft.tmp'), 'dear\n');
  return { ...user, folder };
}

suite('config init', () => {
  const flags = ['--source', 'docs', '--vault', 'backup', '--keep-daily', '3'];

  test('writes what config check accepts and run runs', async (t) => {
    const user = configured(t);
    const written = await user.run(['config', 'init', ...flags]);
    assert.match(written.stdout, /copy that file to a safe place/);
    const file = join(user.folder, 'holdfast.yaml');
    const text = readFileSync(file, 'utf8');
    assert.match(text, /^ +# /m, 'with comments');
    assert.match(text, new RegExp(`- ${join(user.home, 'docs')}$`, 'm'), 'what is typed is meant from here');
    assert.equal(statSync(join(user.folder, 'main.key')).mode & 0o777, 0o600);
    assert.match((await user.run(['config', 'check'])).stdout, /1 source, 1 vault, 1 job/);
    await user.run(['run', 'nightly']);
    assert.match((await user.run(['-r', 'main', 'snapshots'])).stdout, /1 snapshots/);
  });

  test('overwrites nothing without being told, and asks nobody who is not there', async (t) => {
    const user = configured(t, '# mine\n');
    const refused = await user.run(['config', 'init', ...flags], { expect: 1 });
    assert.match(refused.stderr, /is there already/);
    assert.equal(readFileSync(join(user.folder, 'holdfast.yaml'), 'utf8'), '# mine\n');
    await user.run(['config', 'init', '--force', ...flags]);
    const silent = await configured(t).run(['config', 'init', '--vault', 'backup'], { expect: 1 });
    assert.match(silent.stderr, /nobody is there to be asked/);
    const secret = await configured(t).run(['config', 'init', ...flags, '--vault-password', 'geheim'], {
      expect: 1,
    });
    assert.match(secret.stderr, /expected where the password is/);
    assert.ok(!secret.stderr.includes('geheim'));
  });

  test('asks at a terminal', async (t) => {
    const user = configured(t);
    const answers = [
      ...['docs', 'postgres://b@db/shop', '', 'env:DB'],
      ...['backup', '', '5', '', '0', 'admin@example.org', '', ''],
    ];
    const line = [process.execPath, holdfastBin, 'config', 'init'].map((word) => `'${word}'`).join(' ');
    const { stdout } = await runProgram('script', ['-qec', line, '/dev/null'], {
      ...{ cwd: user.home, env: user.env, input: `${answers.join('\n')}\n`, timeout: 60_000 },
    });
    const file = join(user.folder, 'holdfast.yaml');
    assert.ok(existsSync(file), stdout);
    const text = readFileSync(file, 'utf8');
    assert.match(text, /password: env:DB/);
    assert.match(text, /daily: 5\n +weekly: 4\n {4}#/);
    assert.match(text, /mail: admin@example\.org/);
    await user.run(['config', 'check']);
  });
});

suite('config check and show', () => {
  test('tell every problem, with status 1', async (t) => {
    const user = configured(
      t,
      'sources:\n  docs: { pathes: x }\njobs:\n  nightly: { sources: docs, vaults: main }\n',
    );
    const { stdout, stderr } = await user.run(['config', 'check'], { expect: 1 });
    const file = join(user.folder, 'holdfast.yaml');
    assert.deepEqual(stdout.trim().split('\n'), [
      `${file}:2:3: expected paths or url or command in docs, did you mean paths?`,
      `${file}:4:23: nightly: the source docs is wrong`,
      `${file}:4:37: nightly: there is no vault main`,
    ]);
    assert.match(stderr, /the configuration has 3 problems/);
    const json = await user.run(['config', 'check', '--json'], { expect: 1 });
    const [first] = json.stdout.split('\n').map((line) => (line === '' ? {} : (JSON.parse(line) as object)));
    assert.deepEqual(first, {
      ...{ message_type: 'problem', file, line: 2, column: 3 },
      message: 'expected paths or url or command in docs, did you mean paths?',
      entry: { section: 'sources', name: 'docs' },
    });
  });

  test('tell files that are named and not there', async (t) => {
    const user = configured(
      t,
      `sources: { docs: { paths: ~/docs } }
vaults:
  main: { archive: ~/files, encode: age, recipients: [nokey, age1x] }
  same: { archive: ~/same, encode: age, recipients: nokey }
jobs:
  nightly: { sources: docs, vaults: main, drill: { queries: no.sql, signing-key: no.pem } }
`,
    );
    const file = join(user.folder, 'holdfast.yaml');
    const there = (name: string): string => `there is no file ${join(user.folder, name)}`;
    const { stdout } = await user.run(['config', 'check'], { expect: 1 });
    assert.deepEqual(stdout.trim().split('\n'), [
      `${file}:3:55: main: ${there('nokey')}, which recipients names`,
      `${file}:6:61: nightly: ${there('no.sql')}, which queries names`,
      `${file}:6:82: nightly: ${there('no.pem')}, which signing-key names`,
    ]);
    for (const name of ['nokey', 'no.sql', 'no.pem']) writeFileSync(join(user.folder, name), '');
    await user.run(['config', 'check']);
  });

  test('of nothing at all say what to do', async (t) => {
    const user = configured(t);
    for (const args of [
      ['config', 'check'],
      ['config', 'show'],
      ['run', '--all'],
    ]) {
      const { stderr } = await user.run(args, { expect: 1 });
      assert.match(stderr, /there is no configuration\nhint: /);
    }
    const empty = configured(t, '# nothing yet\n');
    const checked = await empty.run(['config', 'check'], { expect: 1 });
    assert.match(checked.stdout, /holdfast: nothing is in it/);
    const { stderr } = await empty.run(['run', 'backup'], { expect: 1 });
    assert.match(stderr, /there is no job backup\nhint: .*holdfast defines no jobs/);
  });

  test('show what holds, and no secret', async (t) => {
    const user = configured(
      t,
      `defaults: { sources: { exclude-caches: true } }
sources: { docs: { paths: ~/docs } }
notifications: { ops: { webhook: 'https://hooks.example.org/T0/s3cret', token: env:TOKEN } }
`,
    );
    const { stdout } = await user.run(['config', 'show'], { env: { TOKEN: 'geheim' } });
    assert.match(stdout, /exclude-caches: true/);
    assert.match(stdout, /webhook: https:\/\/hooks\.example\.org\/\.\.\./);
    assert.match(stdout, /token: env:TOKEN/);
    assert.ok(!/s3cret|geheim/.test(stdout));
  });
});

suite('names of the configuration on the command line', () => {
  const yaml = `vaults:
  main: { repository: ~/repo, password: env:MAIN_PASSWORD, compression: max }
  copy: { repository: ~/copy, password: 'command:echo "the other one"' }
  plain: { archive: ~/plain, layout: daily, encode: zstd }
sources:
  docs: { paths: ~/docs, exclude: '*.tmp', tags: [paper], host: library }
  hello: { command: echo hello, filename: hello.txt }
`;
  const env = { MAIN_PASSWORD: 'the one', RESTIC_PASSWORD: 'of another repository' };

  test('are vaults: with their passwords, between two of them, and over those of the environment', async (t) => {
    const user = configured(t, yaml);
    await user.run(['-r', 'main', 'init'], { env });
    await user.run(['-r', 'main', 'backup', 'docs'], { env });
    await user.run(['-r', 'copy', 'init', '--from-repo', 'main', '--copy-chunker-params'], { env });
    await user.run(['-r', 'copy', 'copy', '--from-repo', 'main'], { env });
    const { stdout } = await user.run(['snapshots', '--json'], {
      env: { ...env, HOLDFAST_REPOSITORY: 'copy' },
    });
    assert.equal((JSON.parse(stdout) as object[]).length, 1);
    const unset = await user.run(['-r', 'main', 'snapshots'], { env: { MAIN_PASSWORD: '' }, expect: 1 });
    assert.match(
      unset.stderr,
      /the password of the repository is to come from MAIN_PASSWORD, which is not set/,
    );
    const flag = await user.run(['-r', 'main', '--password-command', 'echo wrong', 'snapshots'], {
      env,
      expect: 12,
    });
    assert.match(flag.stderr, /wrong password/);
  });

  test('are told from paths', async (t) => {
    const user = configured(t, yaml);
    await user.run(['-r', 'main', 'init'], { env });
    await user.run(['-r', './main', 'init'], { env });
    assert.ok(existsSync(join(user.home, 'main', 'config')), 'the path was meant');
    const both = await user.run(['-v', '-r', 'main', 'snapshots'], { env });
    assert.match(both.stdout, /main is the vault of the configuration; \.\/main would be the path/);
    const unknown = await user.run(['-r', 'mian', 'snapshots'], { env, expect: 10 });
    assert.match(unknown.stderr, /mian/);
    writeFileSync(join(user.folder, 'more.yaml'), 'vaults:\n  wrong: { repository: [1] }\n');
    const wrong = await user.run(['-r', 'wrong', 'init'], { env, expect: 1 });
    assert.match(wrong.stderr, /more\.yaml:2:24: expected text/);
  });

  test('are archives', async (t) => {
    const user = configured(t, yaml);
    await user.run(['-r', 'plain', 'backup', 'source:hello'], { env });
    const { stdout } = await user.run(['-r', 'plain', 'snapshots', '--json'], { env });
    assert.match(stdout, /hello[^"]*\.txt\.zst/);
    await user.run(['-r', 'plain', 'backup', 'source:docs', '--archive-name', 'papers'], { env });
    assert.match(
      (await user.run(['-r', 'plain', 'snapshots'], { env })).stdout,
      / papers +paper +\.tar\.zst/,
    );
  });

  test('are sources, with everything that is said of them; flags win', async (t) => {
    const user = configured(t, yaml);
    await user.run(['-r', 'main', 'init'], { env });
    await user.run(['-r', 'main', 'backup', 'source:docs'], { env });
    await user.run(['-r', 'main', 'backup', 'source:docs', '--host', 'elsewhere'], { env });
    await user.run(['-r', 'main', 'backup', 'source:hello'], { env });
    const { stdout } = await user.run(['-r', 'main', 'snapshots', '--json'], { env });
    const snapshots = JSON.parse(stdout) as { hostname: string; tags?: string[]; paths: string[] }[];
    assert.deepEqual(
      snapshots.slice(0, 2).map(({ hostname, tags }) => [hostname, tags]),
      [
        ['library', ['paper']],
        ['elsewhere', ['paper']],
      ],
    );
    assert.deepEqual(snapshots[2]?.paths, ['/hello.txt']);
    const { stdout: listed } = await user.run(['-r', 'main', 'ls', 'latest', '--host', 'library'], { env });
    assert.match(listed, /letter\.txt/);
    assert.ok(!listed.includes('draft.tmp'));
    const unknown = await user.run(['-r', 'main', 'backup', 'source:dosc'], { env, expect: 1 });
    assert.match(unknown.stderr, /there is no source dosc, did you mean docs\?/);
  });

  test('tell by mail what went wrong', async (t) => {
    const { port, mails } = await startMailServer(t);
    const more = `notifications:
  admins: { mail: admin@example.org, from: backup@example.org, server: '127.0.0.1:${port}', tls: none }
jobs:
  nightly: { sources: docs, vaults: main, notify: admins }
`;
    const user = configured(t, yaml + more);
    await user.run(['run', 'nightly'], { env, expect: 10 });
    assert.deepEqual(mails[0]?.to, ['admin@example.org']);
    assert.match(mails[0]?.content ?? '', /Subject: holdfast: nightly failed/);
    assert.match(mails[0]?.content ?? '', /failed: backup to main/);
  });
});
