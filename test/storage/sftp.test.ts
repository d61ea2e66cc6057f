import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chownSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ErrorCode } from '../../src/kernel/errors.ts';
import { openStorage } from '../../src/storage/open.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { assertCode, assertRefused, listAll, patternBytes } from '../../src/testing/storage-assertions.ts';
import { storageContract } from '../../src/testing/storage-contract.ts';
import { skipWithoutOwnSystem, testUser } from '../support/own-system.ts';
import { runProgram } from '../support/program.ts';
import { freePort } from '../support/server.ts';
import type { SshServer } from '../support/sshd.ts';
import { startSshd } from '../support/sshd.ts';
import { tempFolder } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';
import { openSftp } from './sftp-fixture.ts';
import type { SftpChoice } from './sftp-fixture.ts';

const skip = skipWithoutOwnSystem() || skipWithout('sshd', 'openssl');

describe('sftp', { skip }, () => {
  let server: SshServer;
  before(async () => {
    server = await startSshd();
  });
  after(() => server.stop());

  storageContract('sftp on OpenSSH', async () => ({
    storage: openSftp(server, `${server.home}/contract/a b`),
  }));
  storageContract('sftp below the home folder, on one connection', async () => ({
    storage: openSftp(server, 'contract-2', { settings: { connections: '1' } }),
  }));

  async function worksWith(choice: SftpChoice): Promise<void> {
    const storage = openSftp(server, `${server.home}/login`, choice);
    await storage.write('x', patternBytes(10));
    assert.equal((await storage.stat('x')).size, 10);
    await storage.close();
  }

  describe('who logs in', () => {
    it('shows a password, given by an option or by the environment', async () => {
      await worksWith({ credentials: { password: server.password } });
      const environment = { HOME: '/nowhere', HOLDFAST_SFTP_PASSWORD: server.password };
      await worksWith({ environment, credentials: {} });
    });

    it('shows a key with a passphrase', async () => {
      const { protectedKeyFile: keyFile, passphrase: keyPassphrase } = server;
      await worksWith({ credentials: { keyFile, keyPassphrase } });
      const environment = {
        HOME: '/nowhere',
        HOLDFAST_SFTP_KEY_FILE: keyFile,
        HOLDFAST_SFTP_KEY_PASSPHRASE: keyPassphrase,
      };
      await worksWith({ environment, credentials: {} });
    });

    it('shows the keys of ssh-agent', async (t) => {
      const socket = join(tempFolder(t, 'holdfast-agent'), 'socket');
      const { stdout } = await runProgram('ssh-agent', ['-s', '-a', socket]);
      t.after(() => process.kill(Number(/PID=(\d+)/.exec(stdout)![1])));
      const environment = { HOME: '/nowhere', SSH_AUTH_SOCK: socket };
      await runProgram('ssh-add', ['-q', server.strangeKeyFile, server.keyFile], { env: environment });
      await worksWith({ environment, credentials: {} });
    });

    it('does without an agent that is not there', () =>
      worksWith({
        environment: { HOME: '/nowhere', SSH_AUTH_SOCK: '/nowhere/agent' },
        credentials: { password: server.password },
      }));

    it('is known by ~/.ssh/config, and the host, too', async (t) => {
      const home = tempFolder(t, 'holdfast-home');
      mkdirSync(join(home, '.ssh'));
      writeFileSync(join(home, '.ssh', 'config'), readFileSync(server.sshConfig));
      const storage = await openStorage(`sftp:test:${server.home}/by-config`, {
        environment: { HOME: home },
      });
      await storage.write('x', patternBytes(3));
      assert.equal((await storage.stat('x')).size, 3);
      await storage.close();
    });
  });

  it('goes through the hosts of ProxyJump, with the key of each', async (t) => {
    const config = join(tempFolder(t), 'config');
    const at = `HostName 127.0.0.1\n  Port ${server.port}`;
    writeFileSync(
      config,
      [
        `Host inner\n  ${at}\n  ProxyJump middle,${server.user}@last:${server.port}`,
        `Host middle\n  ${at}\n  User ${server.user}\n  IdentityFile ${server.keyFile}\n  ProxyJump outer`,
        `Host outer\n  ${at}\n  User ${server.user}\n  IdentityFile ${server.keyFile}`,
        `Host last\n  HostName 127.0.0.1\n  ProxyJump nowhere`,
      ].join('\n'),
    );
    const storage = openSftp(server, `${server.home}/jump`, { host: 'inner', settings: { config } });
    await storage.prepare();
    const large = patternBytes(3_000_001, 3);
    await storage.write('large', large);
    assert.deepEqual(await storage.read('large'), large);
    await storage.close();
    // a gate that leads nowhere else
    const gone = openSftp(server, server.home, {
      ...{ host: 'inner', port: await freePort(), settings: { config } },
    });
    const error = await assertCode(gone.stat('x'), 'unreachable');
    assert.match(error.message, /127\.0\.0\.1:\d+ cannot be reached: 127\.0\.0\.1 does not lead there/);
    await gone.close();
  });

  describe('clear sentences', () => {
    const refused = (choice: SftpChoice, code: ErrorCode, ...texts: RegExp[]): Promise<void> =>
      assertRefused(openSftp(server, server.home, choice), code, texts);

    it('for a host that cannot be reached as ~/.ssh/config says', async (t) => {
      const config = join(tempFolder(t), 'config');
      const closed = await freePort();
      for (const [line, code, ...texts] of [
        ['ProxyCommand ssh -W %h:%p gate', 'unsupported', /leads to inner by a program/, /ssh -L/],
        ['ProxyJump inner', 'usage', /in a circle/],
        ['ProxyJump @', 'usage', /names no host/],
        [`ProxyJump 127.0.0.1:${closed}`, 'unreachable', new RegExp(`^127.0.0.1:${closed} cannot be`)],
        [`ProxyJump 127.0.0.1:${server.port}`, 'bad-credentials', /:\d+ does not let nobody in/],
      ] as const) {
        writeFileSync(config, `Host inner\n  HostName 127.0.0.1\n  ${line}\nHost *\n  User nobody\n`);
        const storage = openSftp(server, server.home, { host: 'inner', settings: { config } });
        const error = await assertCode(storage.stat('x'), code);
        for (const text of texts) assert.match(`${error.message}; ${error.hint}`, text);
        await storage.close();
      }
    });

    it('for a wrong password', () =>
      refused(
        { credentials: { password: 'hunter2' } },
        'bad-credentials',
        /does not let holdfast-test in: the password is wrong/,
      ));

    it('for a key that the server does not know', () =>
      refused(
        { credentials: { keyFile: server.strangeKeyFile } },
        'bad-credentials',
        /does not let holdfast-test in \(tried: key .*strange\)/,
      ));

    it('for keys that cannot be used', async () => {
      const { protectedKeyFile: keyFile } = server;
      await refused(
        { credentials: { keyFile } },
        'bad-credentials',
        /protected by a passphrase/,
        /_PASSPHRASE/,
      );
      const wrong = { keyFile, keyPassphrase: 'hunter2' };
      await refused({ credentials: wrong }, 'bad-credentials', /another passphrase/);
      await refused({ credentials: { keyFile: '/absent' } }, 'usage', /key file \/absent cannot be read/);
      await refused({ credentials: { keyFile: server.knownHosts } }, 'usage', /holds no private key/);
      await refused({ credentials: {} }, 'bad-credentials', /there is no key and no password/);
    });

    it('for a host whose key is not known', async (t) => {
      const empty = join(tempFolder(t), 'known');
      writeFileSync(empty, '');
      await refused(
        { settings: { 'known-hosts': empty } },
        'unreachable',
        /key of the host \[127\.0\.0\.1\]:\d+ is not known \(SHA256:/,
        /ssh-keyscan -p \d+ 127\.0\.0\.1 >> .*known/,
      );
      await refused({ settings: { 'known-hosts': '/absent' } }, 'usage', /\/absent cannot be read/);
    });

    it('for a host whose key has changed', async (t) => {
      const other = join(tempFolder(t), 'known');
      const key = readFileSync(`${server.strangeKeyFile}.pub`, 'utf8');
      writeFileSync(other, `[127.0.0.1]:${server.port} ${key}`);
      await refused(
        { settings: { 'known-hosts': other } },
        'unreachable',
        /has changed: it is now SHA256:/,
        /ssh-keygen -R/,
      );
    });

    it('for folders that are not the user’s', async (t) => {
      const closed = join(server.home, 'closed');
      mkdirSync(closed, { mode: 0o700 });
      const storage = openSftp(server, closed);
      t.after(() => storage.close());
      for (const work of [
        () => storage.write('x/y', patternBytes(3)),
        () => storage.read('x'),
        () => listAll(storage, ''),
      ]) {
        const error = await assertCode(work(), 'forbidden');
        assert.match(error.message, /permission denied/);
      }
    });

    it('for a server that is not there, or nobody knows', async () => {
      const nobody = openSftp(server, '/x', { port: await freePort() });
      const error = await assertCode(nobody.read('x'), 'unreachable');
      assert.match(error.message, /127\.0\.0\.1:\d+ cannot be reached: nothing listens there/);
      assert.equal(error.retryable, true);
      await nobody.close();
      const unknown = openSftp(server, '/x', { host: 'no-such-host.invalid' });
      await assertCode(unknown.read('x'), 'unreachable');
      await unknown.close();
    });

    it('for settings that it does not know', () => {
      for (const name of ['command', 'args'])
        assert.throws(() => openSftp(server, '/x', { settings: { [name]: 'ssh' } }), { code: 'unsupported' });
      assert.throws(() => openSftp(server, '/x', { settings: { speed: '1' } }), { code: 'usage' });
      assert.throws(() => openSftp(server, '/x', { settings: { connections: '0' } }), { code: 'usage' });
    });
  });

  describe('files', () => {
    let storage: Storage;
    let root: string;
    before(() => {
      root = join(server.home, 'files');
      storage = openSftp(server, root);
    });
    after(() => storage.close());

    it('have restic’s modes', async () => {
      await storage.write('data/ab/x', patternBytes(3));
      assert.equal(statSync(join(root, 'data/ab/x')).mode & 0o777, 0o600);
      assert.equal(statSync(join(root, 'data/ab')).mode & 0o777, 0o700);
    });

    it('that are large come and go whole', async () => {
      const large = patternBytes(20_000_001, 5);
      await storage.write('large', [large.subarray(0, 7_000_003), large.subarray(7_000_003)]);
      assert.deepEqual(await storage.read('large'), large);
      const part = { offset: 1_234_567, length: 9_876_543 };
      const pieces = await Array.fromAsync(storage.stream('large', part));
      assert.ok(pieces.length > 5);
      assert.deepEqual(
        new Uint8Array(Buffer.concat(pieces)),
        large.slice(part.offset, part.offset + part.length),
      );
    });

    it('of killed writers are no objects, are found, and can be removed', async () => {
      const left = ['left/a-tmp-0123456789abcdef', 'left/b-restic-temp-7'];
      await storage.write('left/whole', patternBytes(3));
      for (const name of left) {
        writeFileSync(join(root, name), 'half');
        chownSync(join(root, name), testUser.uid, testUser.uid);
      }
      assert.deepEqual(
        (await listAll(storage, 'left/')).map(({ name }) => name),
        ['left/whole'],
      );
      assert.deepEqual(await Array.fromAsync(storage.leftovers!('left/', Date.now() - 60_000)), []);
      const found = await Array.fromAsync(storage.leftovers!('', Date.now() + 60_000));
      assert.deepEqual(found.map(({ name, size }) => [name, size]).sort(), [
        ['left/a', 4],
        ['left/b', 4],
      ]);
      for (const leftover of found) await leftover.remove();
      assert.deepEqual(readdirSync(join(root, 'left')), ['whole']);
    });

    it('can be linked to, and empty folders removed', async () => {
      await storage.write('links/one/a', patternBytes(3));
      await storage.write('links/one/b', patternBytes(4));
      await storage.link!('links/latest', 'links/one/a');
      await storage.link!('links/latest', 'links/one/b');
      assert.equal((await storage.read('links/latest')).length, 4);
      await storage.removeEmptyFolder!('links/one/');
      assert.equal((await listAll(storage, 'links/one/')).length, 2);
      await storage.remove('links/one/a');
      await storage.remove('links/one/b');
      await storage.removeEmptyFolder!('links/one/');
      await storage.removeEmptyFolder!('links/one/');
      assert.deepEqual(readdirSync(join(root, 'links')), ['latest']);
    });
  });

  it('leaves nothing on a full disk, and says that it is full', async () => {
    const storage = openSftp(server, `${server.smallDisk}/deep/er`);
    await storage.write('data/small', patternBytes(100_000));
    const error = await assertCode(storage.write('data/large', patternBytes(3_000_000)), 'disk-full');
    assert.match(error.message, /cannot write data\/large in sftp:.*: the disk there is full/);
    assert.equal(error.retryable, false);
    assert.deepEqual(await Array.fromAsync(storage.leftovers!('', Date.now() + 60_000)), []);
    assert.deepEqual(
      (await listAll(storage, '')).map(({ name }) => name),
      ['data/small'],
    );
    await storage.write('data/again', patternBytes(100_000));
    await storage.close();
  });

  it('stops at once when a server keeps silent and the signal aborts', async (t) => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    t.after(() => silent.close());
    const storage = openSftp(server, '/x', { port: (silent.address() as AddressInfo).port });
    const began = performance.now();
    const signal = AbortSignal.timeout(200);
    await assertCode(storage.read('x', { signal }), 'interrupted');
    await storage.close();
    assert.ok(performance.now() - began < 30_000, 'not by its own patience');
  });

  it('lets the process end when it is closed', async () => {
    const script = `
      import { openStorage } from ${JSON.stringify(import.meta.resolve('../../src/storage/open.ts'))};
      const storage = await openStorage('sftp://${server.user}@127.0.0.1:${server.port}/${server.home}/ends', {
        extended: new Map([['sftp.known-hosts', ${JSON.stringify(server.knownHosts)}]]),
      });
      await storage.write('x', new Uint8Array(5));
      await Promise.all([1, 2, 3].map(() => storage.read('x')));
      await storage.close();
      console.log('closed');`;
    const began = performance.now();
    const { stdout } = await runProgram(process.execPath, ['--input-type=module', '--eval', script], {
      env: { HOLDFAST_SFTP_KEY_FILE: server.keyFile, HOME: '/nowhere' },
      timeout: 20_000,
    });
    assert.equal(stdout.trim(), 'closed');
    assert.ok(performance.now() - began < 15_000);
  });
});

describe('sftp on a server that knows no extensions', { skip }, () => {
  let server: SshServer;
  before(async () => {
    const denied = 'posix-rename,hardlink,fsync,statvfs,limits';
    server = await startSshd({ subsystem: `internal-sftp -P ${denied}` });
  });
  after(() => server.stop());
  storageContract('sftp without extensions', async () => ({ storage: openSftp(server, 'contract') }));

  it('says that it does not decide ifAbsent by itself', async () => {
    const storage = openSftp(server, 'conditions');
    await storage.write('x', patternBytes(3), { ifAbsent: true });
    assert.equal(storage.capabilities.conditionalCreate, false);
    await storage.close();
  });
});

describe('a server that is killed', { skip }, () => {
  let server: SshServer;
  before(async () => {
    server = await startSshd();
  });
  after(() => server.stop());

  it('in the midst of a write leaves no file, and the write is done when it is back', async () => {
    const storage = await openStorage(
      `sftp://${server.user}@127.0.0.1:${server.port}/${server.home}/killed`,
      {
        environment: { HOME: '/nowhere' },
        credentials: { keyFile: server.keyFile },
        extended: new Map([['sftp.known-hosts', server.knownHosts]]),
      },
    );
    await storage.write('x', patternBytes(1000));
    const broken = assertCode(storage.write('stream', breaking(server)), 'unreachable');
    const error = await broken;
    assert.match(error.message, /cannot write stream in sftp:.*: the connection was lost/);
    assert.equal(error.retryable, true);
    const left = readdirSync(join(server.home, 'killed'));
    assert.ok(left.includes('x') && !left.includes('stream'), left.join());

    const large = patternBytes(30_000_000);
    const writing = storage.write('large', large);
    await server.restart();
    await writing;
    assert.deepEqual(await storage.read('large'), large);
    const reading = Array.fromAsync(storage.stream('large'));
    await server.restart();
    assert.equal(Buffer.compare(Buffer.concat(await reading), large), 0);
    await storage.close();
  });
});

/** A body in whose midst the server is killed, and comes back. */
async function* breaking(server: SshServer): AsyncGenerator<Uint8Array> {
  yield patternBytes(3_000_000);
  await server.restart();
  for (let i = 0; i < 5; i++) yield patternBytes(3_000_000);
}
