import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { openStorage } from '../../src/storage/open.ts';
import { rcloneLocation } from '../../src/storage/rclone/location.ts';
import { openRcloneStorage } from '../../src/storage/rclone/open.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { assertCode, listAll, patternBytes } from '../../src/testing/storage-assertions.ts';
import { repositoryStorageContract } from '../../src/testing/storage-contract-restic.ts';
import { storageContract } from '../../src/testing/storage-contract.ts';
import { startMinio } from '../support/minio.ts';
import { runProgram } from '../support/program.ts';
import type { S3Server } from '../support/s3-server.ts';
import { removeTree } from '../support/temp.ts';
import { findTool, skipWithout, toolPath } from '../support/tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-rclone-test-'));
after(() => removeTree(folder));
const config = join(folder, 'rclone.conf');
const environment: Record<string, string | undefined> = {
  ...process.env,
  RCLONE_CONFIG: config,
  PATH: `${join(findTool('rclone') ?? '/', '..')}:${process.env['PATH']}`,
};

/** Without retries, so that a test sees what the storage itself does. */
function open(remote: string, settings: Readonly<Record<string, string>> = {}): Storage {
  return openRcloneStorage(rcloneLocation(`rclone:${remote}`), {
    environment,
    settings: new Map(Object.entries(settings)),
  });
}

describe('rclone:', { skip: skipWithout('rclone', 'minio', 'openssl') }, () => {
  let server: S3Server;
  before(async () => {
    server = await startMinio();
    mkdirSync(join(folder, 'disk'));
    const { stdout } = await runProgram(toolPath('rclone'), ['obscure', 'a secret'], { env: environment });
    writeFileSync(
      config,
      `[disk]
type = alias
remote = ${join(folder, 'disk')}

[crypt]
type = crypt
remote = ${join(folder, 'crypt')}
password = ${stdout.trim()}

[s3]
type = s3
provider = Minio
endpoint = ${server.endpoint}
access_key_id = ${server.accessKey}
secret_access_key = ${server.secretKey}
`,
      { mode: 0o600 },
    );
  });
  after(() => server.stop());

  storageContract('rclone on a folder', async () => ({ storage: open('disk:contract/a b') }));
  storageContract('rclone on a crypt remote', async () => ({ storage: open('crypt:contract') }));
  storageContract('rclone on S3', async () => ({ storage: open('s3:contract/a b') }));
  storageContract('rclone on a remote that is given whole', async () => ({
    storage: open(`:local,no_check_updated=true:${join(folder, 'whole')}`),
  }));

  // what sshd runs in place of what was asked for, as its ForceCommand does
  const elsewhere = (flags: string, path: string): Storage => {
    const bin = mkdtempSync(join(folder, 'ssh-'));
    const ssh = join(bin, 'ssh');
    writeFileSync(
      ssh,
      `#!/bin/sh\necho "$@" >'${bin}/asked'\nexec '${toolPath('rclone')}' ${flags} '${path}'\n`,
    );
    chmodSync(ssh, 0o755);
    return open('far:repo', { program: `'${ssh}' -p 22 anna@host` });
  };
  repositoryStorageContract('rclone on another machine', async () => ({
    storage: elsewhere('serve restic --stdio', join(folder, 'far')),
  }));
  repositoryStorageContract(
    'rclone on another machine, append-only',
    async () => ({ storage: elsewhere('serve restic --stdio --append-only', join(folder, 'far-append')) }),
    { appendOnly: true },
  );

  it('says how the program ended that runs rclone elsewhere', async () => {
    const broken = elsewhere('serve restic --stdio --no-such-flag', folder);
    const error = await assertCode(broken.stat('config'), 'unreachable');
    assert.match(error.message, /ssh ended with status \d+: .*unknown flag/);
    await broken.close();
    const missing = open('far:repo', { program: '/absent/ssh host' });
    const absent = await assertCode(missing.stat('config'), 'unreachable');
    assert.match(absent.message, /ssh cannot be started/);
    await missing.close();
  });

  it('keeps names that restic’s servers would put elsewhere', async () => {
    const storage = open('disk:names');
    await storage.prepare();
    for (const name of ['x/data/file.sql', 'q\'u"o[t]e;s%20/#?&=.gz', 'data/ab/abcd', 'data/abcd']) {
      await storage.write(name, patternBytes(70_000));
      assert.deepEqual(await storage.read(name, { offset: 5, length: 9 }), patternBytes(70_000).slice(5, 14));
      assert.ok(existsSync(join(folder, 'disk', 'names', name)), name);
    }
    await storage.close();
  });

  it('removes folders that are empty, and no others', async () => {
    for (const remote of ['disk:folders', 's3:folders']) {
      const storage = open(remote);
      await storage.prepare();
      await storage.write('a/b/c', patternBytes(3));
      await storage.removeEmptyFolder!('a/b/');
      assert.equal((await storage.stat('a/b/c')).size, 3);
      await storage.remove('a/b/c');
      await storage.removeEmptyFolder!('a/b/');
      await storage.removeEmptyFolder!('a/b/');
      await storage.close();
    }
    assert.deepEqual(readdirSync(join(folder, 'disk', 'folders', 'a')), []);
  });

  it('takes large streams, and lists many folders', async () => {
    for (const remote of ['disk:large', 's3:large']) {
      const storage = open(remote);
      await storage.prepare();
      const block = patternBytes(1 << 20, 5);
      await storage.write(
        'large',
        (async function* () {
          for (let i = 0; i < 23; i++) yield block;
        })(),
      );
      assert.equal((await storage.stat('large')).size, 23 << 20);
      let at = 0;
      for await (const piece of storage.stream('large', { offset: 1 << 19 })) at += piece.length;
      assert.equal(at, 22.5 * (1 << 20));
      const names = Array.from({ length: 120 }, (_, i) => `many/${i % 12}/${i}/x`).sort();
      await Promise.all(names.map((name) => storage.write(name, patternBytes(3))));
      assert.deepEqual(
        (await listAll(storage, 'many/')).map(({ name }) => name),
        names,
      );
      await storage.close();
    }
  });

  it('leaves no rclone and no folder behind', async () => {
    const own = join(folder, 'closed');
    mkdirSync(own);
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = own;
    const storage = open('disk:closed');
    try {
      await storage.prepare();
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
    const [made] = readdirSync(own);
    assert.equal(statSync(join(own, made!)).mode & 0o777, 0o700);
    await storage.close();
    await storage.close();
    assert.deepEqual(readdirSync(own), []);
    await assertCode(storage.stat('x'), 'failed');
  });

  it('says that there is no rclone, no such remote, or that a flag is wrong', async () => {
    const missing = open('disk:x', { program: '/absent/rclone' });
    const absent = await assertCode(missing.stat('x'), 'missing-here');
    assert.match(absent.message, /there is no program \/absent\/rclone/);
    assert.match(absent.hint ?? '', /rclone\.program/);
    const unknown = open('nowhere:x');
    const remote = await assertCode(unknown.stat('x'), 'usage');
    assert.match(remote.message, /rclone knows no remote nowhere/);
    assert.match(remote.hint ?? '', /listremotes/);
    const flagged = open('disk:x', { args: 'serve restic --stdio --no-such-flag' });
    const flag = await assertCode(flagged.stat('x'), 'failed');
    assert.match(flag.message, /unknown flag: --no-such-flag/);
    for (const storage of [missing, unknown, flagged]) await storage.close();
    await assertCode(openStorage('rclone:folder'), 'usage');
    await assertCode(openStorage('rclone:disk:x', { extended: new Map([['rclone.speed', '1']]) }), 'usage');
  });

  it('takes programs and flags as scripts for restic give them', async () => {
    const program = join(folder, 'my rclone');
    writeFileSync(
      program,
      `#!/bin/sh\necho "$@" >'${folder}/arguments'\nexec '${toolPath('rclone')}' "$@"\n`,
    );
    chmodSync(program, 0o755);
    const args = 'serve restic --stdio --b2-hard-delete --bwlimit 1000M';
    const storage = open(`:local,description="to:psecret":${folder}/flags`, {
      program: `'${program}'`,
      args,
    });
    await storage.prepare();
    await storage.close();
    const given = readFileSync(join(folder, 'arguments'), 'utf8');
    assert.match(given, /^rcd --bwlimit 1000M --rc-addr/);
    assert.doesNotMatch(given + storage.location, /psecret/);
  });

  it('starts rclone again when it was killed in the midst', async () => {
    const pidFile = join(folder, 'pid');
    const program = join(folder, 'pid-rclone');
    writeFileSync(program, `#!/bin/sh\necho $$ >>'${pidFile}'\nexec '${toolPath('rclone')}' "$@"\n`);
    chmodSync(program, 0o755);
    const remote = 'rclone:disk:killed';
    const extended = new Map([['rclone.program', program]]);
    const bare = open('disk:killed', { program });
    await bare.write('old', patternBytes(100));
    async function* cut(): AsyncGenerator<Uint8Array> {
      yield patternBytes(300_000);
      kill(pidFile);
      yield patternBytes(300_000);
      await pause(100);
      yield patternBytes(300_000);
    }
    for (const name of ['new', 'old']) {
      const error = await assertCode(bare.write(name, cut()), 'unreachable');
      assert.match(error.message, /rclone was ended by SIGKILL/);
      assert.equal(error.retryable, true);
    }
    assert.deepEqual(
      (await listAll(bare, '')).map(({ name, size }) => [name, size]),
      [['old', 100]],
    );
    const left = await Array.fromAsync(bare.leftovers!('', Date.now() + 1000));
    for (const leftover of left) await leftover.remove();
    assert.deepEqual(readdirSync(join(folder, 'disk', 'killed')), ['old']);

    const told: string[] = [];
    const patient = await openStorage(remote, {
      environment,
      extended,
      onRetry: (message) => told.push(message),
    });
    assert.equal((await patient.stat('old')).size, 100);
    kill(pidFile);
    assert.equal((await patient.read('old')).length, 100);
    assert.equal(told.length, 1);
    await patient.close();
    await bare.close();
  });

  it('takes rclone along when this process is killed', async () => {
    const script = `
      const { openRcloneStorage } = await import(${JSON.stringify(new URL('../../src/storage/rclone/open.ts', import.meta.url).href)});
      const { rcloneLocation } = await import(${JSON.stringify(new URL('../../src/storage/rclone/location.ts', import.meta.url).href)});
      const storage = openRcloneStorage(rcloneLocation('rclone:disk:victim'), { environment: process.env, settings: new Map() });
      await storage.prepare();
      process.kill(process.pid, 'SIGKILL');`;
    const own = join(folder, 'tmp');
    mkdirSync(own);
    const result = await runProgram(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...environment, TMPDIR: own },
      expect: 'any',
    });
    assert.equal(result.signal, 'SIGKILL', result.stderr);
    for (let tries = 0; readdirSync(own).length > 0 && tries < 100; tries++) await pause(50);
    assert.deepEqual(readdirSync(own), []);
  });
});

function kill(pidFile: string): void {
  const pids = readFileSync(pidFile, 'utf8').trim().split('\n');
  process.kill(Number(pids.at(-1)), 'SIGKILL');
}
