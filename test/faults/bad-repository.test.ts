/** What can be wrong with a repository from outside: one sentence, a hint, the documented status, and nothing touched. */
import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { createLocalStorage } from '../../src/storage/local.ts';
import { encodeConfig } from '../../src/vaults/repository/format/config.ts';
import { seal } from '../../src/vaults/repository/format/seal.ts';
import { backUp, makeRepositoryFolder, openAgain, password } from '../support/engine.ts';
import { freePort } from '../support/server.ts';
import { holdfast, type RepositoryAccess, restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { findTool } from '../support/tools.ts';

type Access = Omit<RepositoryAccess, 'repository'>;

interface Case {
  readonly what: string;
  /** spoils the copy of a sound repository */
  readonly spoil: (repository: string) => void | Promise<void>;
  readonly access?: Partial<Access>;
  readonly status: number;
  readonly says: RegExp;
  /** restic tries for a quarter of an hour */
  readonly withoutRestic?: true;
}

const only = (folder: string): string => {
  const [name = '', ...others] = readdirSync(folder);
  assert.equal(others.length, 0);
  return join(folder, name);
};

const cases: Case[] = [
  {
    what: 'a wrong password',
    spoil: () => {},
    access: { password: 'wrong' },
    status: 12,
    says: /password/,
  },
  {
    what: 'a key that is cut off',
    spoil: (repository) => truncateSync(only(join(repository, 'keys')), 100),
    status: 1,
    says: /key/,
  },
  {
    what: 'a key that is empty',
    spoil: (repository) => truncateSync(only(join(repository, 'keys')), 0),
    status: 1,
    says: /key/,
  },
  {
    what: 'no keys',
    spoil: (repository) => rmSync(join(repository, 'keys'), { recursive: true }),
    status: 12,
    says: /no key found/,
  },
  {
    what: 'a config that is cut off',
    spoil: (repository) => truncateSync(join(repository, 'config'), 60),
    status: 1,
    says: /config/,
  },
  {
    what: 'a config that is empty',
    spoil: (repository) => truncateSync(join(repository, 'config'), 0),
    status: 1,
    says: /config/,
  },
  {
    what: 'a config with noise in it',
    spoil: (repository) => {
      const path = join(repository, 'config');
      writeFileSync(path, randomFillSync(Buffer.alloc(readFileSync(path).length)));
    },
    status: 1,
    says: /config/,
  },
  {
    what: 'no config',
    spoil: (repository) => rmSync(join(repository, 'config')),
    status: 10,
    says: /no repository at/,
  },
  {
    what: 'a newer version',
    spoil: async (repository) => {
      await using opened = await openAgain(repository);
      const config = encodeConfig({ ...opened.config, version: 3 as 2 });
      rmSync(join(repository, 'config'));
      writeFileSync(join(repository, 'config'), seal(opened.key, config));
    },
    status: 1,
    says: /version/,
  },
  {
    what: 'a file in its place',
    spoil: (repository) => {
      rmSync(repository, { recursive: true });
      writeFileSync(repository, 'I am a file');
    },
    status: 10,
    says: /is a file/,
    withoutRestic: true,
  },
  {
    what: 'an empty folder',
    spoil: (repository) => {
      rmSync(repository, { recursive: true });
      mkdirSync(repository);
    },
    status: 10,
    says: /no repository at/,
  },
  {
    what: 'nothing there',
    spoil: (repository) => rmSync(repository, { recursive: true }),
    status: 10,
    says: /no repository at/,
  },
];

/** Every path below a folder with its content. */
function contentOf(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(files.sort().map((path) => [path, readFileSync(path, 'base64')]));
}

suite('a repository that cannot be opened', () => {
  const cleanup: (() => void | Promise<void>)[] = [];
  let folder: string;
  before(async () => {
    folder = tempFolder({ after: (fn) => void cleanup.push(fn) });
    await makeRepositoryFolder(join(folder, 'sound'));
    writeFileSync(join(folder, 'note'), 'hello');
    await using repository = await openAgain(join(folder, 'sound'));
    await backUp(repository, [join(folder, 'note')]);
  });
  after(async () => {
    for (const clean of cleanup) await clean();
  });

  for (const { what, spoil, access, status, says, withoutRestic } of cases) {
    test(what, async (t) => {
      const inner = tempFolder(t);
      const repository = join(inner, 'repository');
      cpSync(join(folder, 'sound'), repository, { recursive: true });
      await spoil(repository);
      const before = contentOf(inner);
      const all: RepositoryAccess = { repository, password, ...access };
      const programs = [holdfast(all)];
      if (findTool('restic') && !withoutRestic) programs.push(restic(all));
      for (const args of [['snapshots'], ['backup', join(folder, 'note')], ['forget', '--keep-last', '1']]) {
        for (const program of programs) {
          const { status: got, stderr, stdout } = await program.run(args, { expect: 'any' });
          const said = `${program.name} ${args.join(' ')} said: ${stderr}${stdout}`;
          assert.equal(got, status, said);
          if (program.name === 'restic') continue;
          assert.match(stderr, says, said);
          assert.match(stderr, /^holdfast: [^\n]+\nhint: [^\n]+\n$/, said);
        }
      }
      assert.deepEqual(contentOf(inner), before, 'nothing was touched');
    });
  }
});

test('a beginning that fits several snapshots, and one that fits none', async (t) => {
  const folder = tempFolder(t);
  const repository = join(folder, 'repository');
  await makeRepositoryFolder(repository);
  const snapshots = createLocalStorage(join(repository));
  for (const id of ['ab'.repeat(32), `ab${'cd'.repeat(31)}`]) {
    await snapshots.write(`snapshots/${id}`, Buffer.from('x'));
  }
  const program = holdfast({ repository, password });
  for (const [id, says] of [
    ['ab', /several|multiple|more than one/],
    ['ef', /no matching ID found|no snapshot/],
    ['latest~7', /./],
  ] as const) {
    for (const verb of [
      ['ls', id],
      ['restore', id, '--target', folder],
      ['dump', id, '/'],
      ['diff', id, 'latest'],
    ]) {
      const { stderr } = await program.run(verb, { expect: 1 });
      assert.match(stderr, says, `${verb.join(' ')}: ${stderr}`);
      assert.doesNotMatch(stderr, /\n {4}at /);
    }
  }
});

test('a target that cannot be written', async (t) => {
  const folder = tempFolder(t);
  const repository = join(folder, 'repository');
  await makeRepositoryFolder(repository);
  writeFileSync(join(folder, 'note'), 'hello');
  const program = holdfast({ repository, password });
  await program.run(['backup', 'note'], { cwd: folder });
  for (const target of [join(folder, 'note'), join(folder, 'note', 'below'), '/proc/nowhere']) {
    const { stderr } = await program.run(['restore', 'latest', '--target', target], { expect: 1 });
    assert.match(stderr, /^holdfast: [^\n]+\n(hint: [^\n]+\n)?$/m, stderr);
    assert.ok(stderr.includes(target), stderr);
    assert.doesNotMatch(stderr, /\n {4}at /);
  }
  assert.equal(readFileSync(join(folder, 'note'), 'utf8'), 'hello');
});

test('servers that nobody reaches, that refuse, and that talk nonsense', { timeout: 120_000 }, async (t) => {
  const answering = (status: number, body: string) => {
    const server = createServer((_, response) => response.writeHead(status).end(body));
    server.listen(0, '127.0.0.1');
    t.after(() => void server.close());
    return server;
  };
  const refusing = answering(403, '<Error><Code>AccessDenied</Code><Message>no</Message></Error>');
  const absurd = answering(200, 'It works!');
  const portOf = (server: typeof refusing): number => (server.address() as AddressInfo).port;
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'note'), 'hello');
  for (const [port, says] of [
    [await freePort(), /cannot be reached|refused|unreachable/i],
    [portOf(refusing), /denied|refuse|permission|permit|allow/i],
    [portOf(absurd), /./],
  ] as const) {
    const program = holdfast({
      repository: `s3:http://127.0.0.1:${port}/bucket/prefix`,
      password,
      env: { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
    });
    const { stderr } = await program.run(['backup', 'note'], { cwd: folder, expect: 1, timeout: 60_000 });
    const last = stderr.trimEnd().split('\n').slice(-2).join('\n');
    assert.match(last, says, stderr);
    assert.match(last, /holdfast: /, stderr);
    assert.doesNotMatch(stderr, /\n {4}at /);
  }
});
