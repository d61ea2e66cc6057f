import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { skipWithout, toolPath } from '../support/tools.ts';
import { runProgram } from '../support/program.ts';
import { holdfastBin } from '../support/restic.ts';
import type { User } from './run.ts';
import { newUser } from './run.ts';

/** Command line, exit status, and what standard error must say. */
const mistakes: [string, number, RegExp][] = [
  ['snapshts', 1, /^holdfast: unknown command "snapshts"\nhint: did you mean snapshots\?/],
  ['--json=maybe', 1, /unknown option|does not take|no verb/],
  ['-q', 1, /no verb is given/],
  ['snapshots --latst 1', 1, /unknown option "--latst"\nhint: did you mean one of --last, --latest\?/],
  ['snapshots -q -v', 1, /--quiet and --verbose contradict each other/],
  ['snapshots --group-by moon', 1, /unknown grouping option: "moon"\nhint: /],
  ['ls nosuch', 1, /no matching ID found for prefix "nosuch"\nhint: /],
  ['snapshots nosuch', 0, /^warning: ignoring "nosuch": no matching ID found for prefix "nosuch"\n$/],
  ['snapshots --no-cache -r elsewhere', 10, /there is no repository at .*elsewhere\nhint: /],
  ['-r gopher://x/y snapshots', 1, /there is no storage called gopher/],
  ['-r archive:/nowhere prune', 1, /is an archive, and this is for repositories alone/],
  ['-r archive: snapshots', 1, /the archive has no location/],
  ['-r archive:/nowhere backup --layout weekly /etc', 1, /"weekly" is no layout/],
  ['-r archive:/nowhere backup --encode age /etc', 1, /needs somebody who can open it/],
  ['-r note snapshots', 10, /note is a file/],
  ['init', 1, /there is a repository at .* already/],
  ['init --chunker slow', 1, /slow/],
  ['init --from-repo other', 1, /another repository is named/],
  ['backup', 1, /there is nothing to back up\nhint: name files or directories/],
  ['backup nosuch', 1, /none of the paths to back up exists/],
  [
    'backup note nosuch',
    3,
    /warning: nosuch does not exist, skipping\n[^]*holdfast: at least one source file/,
  ],
  ['backup --files-from nofile', 1, /^holdfast: open nofile: no such file or directory\n$/],
  ['backup --exclude-file nofile note', 1, /^holdfast: open nofile: no such file or directory\n$/],
  ['backup --files-from /', 1, /^holdfast: open \/: illegal operation on a directory\n$/],
  ['--repository-file / snapshots', 1, /^holdfast: the repository file \/ cannot be read: illegal operation/],
  ['backup --stdin', 1, /^holdfast: no data read\n$/],
  ['backup --stdin-from-command -- true', 1, /^holdfast: no data read\n$/],
  ['backup --stdin-from-command -- nosuchprogram', 1, /there is no program nosuchprogram\nhint: .*\$PATH/],
  ['restore latest --target note', 1, /the target .*note is a file, or .*\nhint: name a directory/],
  ['restore latest --target note/below', 1, /the target .*note\/below is a file, or .*\nhint: /],
  ['restore latest --to sqlite:x --owner me --no-owner', 1, /--owner and --no-owner contradict each other\n/],
  ['restore latest --to sqlite:x --no-owner --owner me', 1, /--owner and --no-owner contradict each other\n/],
  ['backup --stdin note', 1, /--stdin was given and paths as well/],
  ['backup --stdin --files-from note', 1, /--stdin and --files-from contradict/],
  ['backup --stdin-from-command -- false', 1, /command failed: exit status 1/],
  [
    'backup --exclude *.tmp postgres://nowhere/shop',
    1,
    /^holdfast: --exclude is for files\nhint: of a database, --exclude-table leaves tables out\n$/,
  ],
  ['backup --exclude-larger-than 2G mysql://nowhere/*', 1, /--exclude-larger-than is for files\nhint: /],
  [
    'backup -x sqlite:shop.db',
    1,
    /--one-file-system is for files\nhint: a database of sqlite is taken whole/,
  ],
  ['backup --files-from note sqlite:shop.db', 1, /--files-from is for files\nhint: .* by itself/],
  ['-r archive:/nowhere backup --exclude-caches sqlite:shop.db', 1, /--exclude-caches is for files\n/],
  ['backup --exclude *.tmp note sqlite:shop.db', 1, /a database is backed up by itself\nhint: /],
  ['backup --time yesterday note', 1, /--time: "yesterday" is not a time/],
  ['backup --exclude-larger-than big note', 1, /--exclude-larger-than: "big" is not a size/],
  ['forget', 1, /no policy was specified/],
  ['forget --keep-last -1', 1, /--keep-last: negative values/],
  ['forget --keep-last 1 --no-lock', 1, /--no-lock is for forget with --dry-run alone/],
  ['prune --max-unused 100%', 1, /--max-unused: 100% is not between/],
  ['check --read-data --read-data-subset 1/2', 1, /contradict each other/],
  ['check --read-data-subset 3/2', 1, /n <= t/],
  ['tag', 1, /nothing to do: no tags are given\nhint: name tags with --add, --remove or --set/],
  ['tag --set a --add b', 1, /--set and --add/],
  ['rewrite', 1, /nothing to do/],
  ['diff latest', 1, /diff takes two snapshots/],
  ['dump', 1, /dump takes a snapshot and a path/],
  ['dump latest', 1, /the snapshot holds no database/],
  ['dump latest /nosuch', 1, /path "\/nosuch" not found/],
  ['ls', 1, /ls needs a snapshot/],
  ['ls --ncdu --json latest', 1, /--ncdu and --json contradict/],
  ['find', 1, /find needs something to look for/],
  ['find --blob --tree x', 1, /--blob and --tree contradict/],
  ['stats --mode all', 1, /all/],
  ['copy', 1, /copy needs the repository to copy from\nhint: name it with --from-repo/],
  ['key remove', 1, /key remove takes the id of one key/],
  ['cat', 1, /cat needs to know what to print/],
  ['cat moon', 1, /invalid type "moon"/],
  ['list moon', 1, /"moon" is not one of/],
];

describe('what is wrong with a command line is told in one sentence', () => {
  const cleanup: (() => void | Promise<void>)[] = [];
  let user: User;
  before(async () => {
    user = newUser({ after: (fn) => void cleanup.push(fn) });
    writeFileSync(join(user.home, 'note'), 'hello');
    await user.run(['backup', 'note']);
  });
  after(async () => {
    for (const clean of cleanup) await clean();
  });

  for (const [line, status, said] of mistakes) {
    test(`holdfast ${line}`, async () => {
      const args = line.split(' ');
      const env = line.includes('-r ') ? { HOLDFAST_PASSWORD: 'x' } : {};
      const { stdout, stderr } = await user.run(args, { expect: status, env });
      // With --json the same facts come as JSON.
      const text = stderr.startsWith('{"message_type":"exit_error"')
        ? String((JSON.parse(stderr) as { message: string }).message)
        : stderr;
      assert.match(text, said);
      assert.ok(!/\n {4}at /.test(stderr), 'no stack trace');
      if (status === 1) assert.ok(!stdout.includes('Usage:'));
    });
  }

  test('help is shown for every verb, with examples', async () => {
    const { stdout } = await user.run(['help']);
    const verbs = [...stdout.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map((match) => match[1]!);
    assert.ok(verbs.length > 20 && verbs.includes('snapshots'));
    for (const name of verbs.filter((each) => each !== 'help')) {
      const help = await user.run(['help', name]);
      assert.match(help.stdout, new RegExp(`^Usage: holdfast ${name}`), name);
      assert.match(help.stdout, /\nExamples:\n {2}# /, name);
    }
  });

  test('flags stand before or after the verb', async () => {
    const one = await user.run(['--json', 'snapshots']);
    const other = await user.run(['snapshots', '--json=true', '--verbose=0']);
    assert.equal(one.stdout, other.stdout);
  });

  test('called restic, it names the version of restic that it works like', async () => {
    symlinkSync(holdfastBin, join(user.home, 'restic'));
    const { stdout } = await runProgram(process.execPath, [join(user.home, 'restic'), 'version'], {
      env: user.env,
    });
    assert.match(stdout, /^restic \d+\.\d+\.\d+ compiled with holdfast /);
    assert.match((await user.run(['--version'])).stdout, /^holdfast \d+\.\d+\.\d+ \(works like restic /);
  });
});

/** Flags of restic that are not taken, and why; docs/commands.md says the same. */
const notTaken = new Set(
  [
    'cpu-profile block-profile mem-profile trace-profile listen-profile stack-profile'.split(' '),
    // Windows alone
    ['use-fs-snapshot', 'exclude-cloud-files'],
    // takes the last free space of a full disk; prune --max-repack-size 0 needs none
    ['unsafe-recover-no-free-space'],
    ['man', 'powershell-completion'],
  ].flat(),
);

const verbsOfRestic =
  'backup cache cat check copy diff dump find forget generate init list ls prune recover rewrite snapshots stats tag unlock version'.split(
    ' ',
  );

test('every flag of restic is taken', { skip: skipWithout('restic'), timeout: 120_000 }, async (t) => {
  const user = newUser(t);
  const nested = [
    'key add',
    'key list',
    'key passwd',
    'key remove',
    'repair index',
    'repair packs',
    'repair snapshots',
  ];
  const globals = flagsOf((await user.run(['--help'])).stdout);
  for (const verb of [...verbsOfRestic, ...nested]) {
    const words = verb.split(' ');
    const theirs = flagsOf((await runProgram(toolPath('restic'), ['help', ...words])).stdout);
    const ours = new Set([
      ...globals,
      ...flagsOf((await user.run(['help', ...words])).stdout),
      'no-extra-verify',
    ]);
    const lacking = [...theirs].filter((flag) => !ours.has(flag) && !notTaken.has(flag));
    assert.deepEqual(lacking, [], verb);
  }
});

function flagsOf(help: string): Set<string> {
  return new Set([...help.matchAll(/^ +(?:-\w, )?--([a-z][a-z-]+)/gm)].map((match) => match[1]!));
}
