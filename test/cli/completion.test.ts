/** The completion scripts, run by the shells that they are for. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { runProgram } from '../support/program.ts';
import { requireTool } from '../support/tools.ts';
import type { User } from './run.ts';
import { newUser } from './run.ts';

/** A line to the cursor, and what its last word becomes; the word itself where nothing fits. */
const cases: [line: string, word: string][] = [
  ['holdfast snap', 'snapshots'],
  ['holdfast -r backup sta', 'stats'],
  ['holdfast --repo snapshots resto', 'restore'],
  ['holdfast --quiet resto', 'restore'],
  ['holdfast backup --exclude-c', '--exclude-caches'],
  ['holdfast backup --no-l', '--no-lock'],
  ['holdfast backup --tag key --exclude-c', '--exclude-caches'],
  ['holdfast backup snap', 'snap'],
  ['holdfast key pas', 'passwd'],
  ['holdfast key add --new-p', '--new-password-file'],
  ['holdfast find snapshots --old', '--oldest'],
  ['holdfast repair snapshots --forg', '--forget'],
  ['holdfast init --chunker r', 'rabin'],
  ['holdfast --no-l', '--no-lock'],
  ['holdfast backup fold', 'folder-of-mine/'],
  ['holdfast restore latest --target fold', 'folder-of-mine/'],
];

/** A user with the script of a shell in a file, and a folder to complete. */
async function setUp(t: TestContext, shell: string, file: string): Promise<User> {
  const user = newUser(t);
  const { stdout } = await user.run(['completion', shell]);
  writeFileSync(join(user.home, file), stdout);
  mkdirSync(join(user.home, 'folder-of-mine'));
  return user;
}

const lastWord = (line: string): string => line.slice(line.lastIndexOf(' ') + 1);

test('bash', async (t) => {
  const { home, env } = await setUp(t, 'bash', 'script');
  for (const [line, word] of cases) {
    // what stands behind `complete -o default` is readline's own, for files
    if (word.endsWith('/')) continue;
    const words = line.split(' ').map((each) => `'${each}'`);
    const script = `source ./script; COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _holdfast; echo "\${COMPREPLY[*]}"`;
    const { stdout, stderr } = await runProgram('bash', ['-c', script], { cwd: home, env });
    assert.deepEqual([stdout.trim() || lastWord(line), stderr], [word, ''], line);
  }
});

test('fish', async (t) => {
  const fish = requireTool(t, 'fish');
  if (fish === undefined) return;
  const { home, env } = await setUp(t, 'fish', 'script');
  await runProgram(fish, ['--no-execute', 'script'], { cwd: home, env });
  const ask = cases.map(([line]) => `echo '= ${line}'; complete -C '${line}'`).join('; ');
  const { stdout, stderr } = await runProgram(fish, ['--private', '-c', `source ./script; ${ask}`], {
    cwd: home,
    env,
  });
  assert.equal(stderr, '');
  const answers = new Map<string, string[]>();
  for (const block of stdout.split(/^= /m).slice(1)) {
    const [line = '', ...found] = block.trim().split('\n');
    answers.set(line, found);
  }
  for (const [line, word] of cases) {
    const words = answers.get(line)!.map((answer) => answer.split('\t')[0]);
    assert.deepEqual(words, word === lastWord(line) ? [] : [word], line);
  }
  assert.deepEqual(answers.get('holdfast key pas'), ['passwd\tchange the password']);
});

/**
 * An interactive zsh on a terminal of zpty: each line is typed and completed by the tab key, and what the line is then
 * goes into a file.
 */
const zshDriver = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "stty columns 200 rows 100; PROMPT=; cd \${(q)1}; source ./start"
zpty -r shell output '*ready*' || exit 2
for line in "\${@[2,-1]}"; do zpty -w -n shell "$line"$'\\t\\C-t'; done
zpty -w shell 'exit'
while zpty -r shell output; do :; done
zpty -d shell
`;

/** How a user loads the script: from a folder of $fpath, or at once. */
const zshWays = {
  'zsh, by $fpath': 'fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -u -D',
  'zsh, by source': 'autoload -Uz compinit; compinit -u -D; source functions/_holdfast',
};

for (const [name, load] of Object.entries(zshWays)) {
  test(name, async (t) => {
    const zsh = requireTool(t, 'zsh');
    if (zsh === undefined) return;
    const { home, env } = await setUp(t, 'zsh', 'script');
    mkdirSync(join(home, 'functions'));
    renameSync(join(home, 'script'), join(home, 'functions', '_holdfast'));
    await runProgram(zsh, ['-n', 'functions/_holdfast'], { cwd: home, env });
    writeFileSync(
      join(home, 'start'),
      `${load}
take() { print -r -- "$BUFFER" >>answers; BUFFER= }
zle -N take
bindkey '^T' take
bindkey '^I' complete-word
unsetopt list_beep
: >answers
print rea''dy
`,
    );
    const driver = ['-f', '-c', zshDriver, 'driver', home, ...cases.map(([line]) => line)];
    await runProgram(zsh, driver, { cwd: home, env: { ...env, TERM: 'vt100' }, timeout: 60_000 });
    const answers = readFileSync(join(home, 'answers'), 'utf8');
    assert.deepEqual(
      answers
        .trimEnd()
        .split('\n')
        .map((line) => line.trimEnd()),
      cases.map(([line, word]) => line.slice(0, line.lastIndexOf(' ') + 1) + word),
    );
  });
}
