import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { ErrorCode } from '../../src/kernel/errors.ts';
import { openStorage } from '../../src/storage/open.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { assertCode, assertRefused, listAll, patternBytes } from '../../src/testing/storage-assertions.ts';
import { storageContract } from '../../src/testing/storage-contract.ts';
import type { FtpProxy } from '../support/ftp-proxy.ts';
import { startFtpProxy } from '../support/ftp-proxy.ts';
import { skipWithoutOwnSystem, testUser } from '../support/own-system.ts';
import { runProgram } from '../support/program.ts';
import { freePort } from '../support/server.ts';
import { skipWithout } from '../support/tools.ts';
import type { FtpServer } from '../support/vsftpd.ts';
import { startVsftpd } from '../support/vsftpd.ts';
import { openFtp } from './ftp-fixture.ts';
import type { FtpChoice } from './ftp-fixture.ts';

const skip = skipWithoutOwnSystem() || skipWithout('vsftpd', 'openssl');

for (const [security, title] of [
  ['none', 'plain'],
  ['explicit', 'explicit TLS'],
  ['implicit', 'implicit TLS'],
] as const) {
  describe(`ftp, ${title}`, { skip }, () => {
    let server: FtpServer;
    before(async () => {
      server = await startVsftpd({ security });
    });
    after(() => server.stop());

    storageContract(`ftp on vsftpd, ${title}`, async () => ({
      storage: openFtp(server, `${server.home}/contract/a b`),
    }));

    it('carries what is large, whole and in part, and goes on with the same connections', async () => {
      const storage = openFtp(server, 'large', { settings: { connections: '2' } });
      const large = patternBytes(9_000_001, 5);
      await storage.write('large', [large.subarray(0, 7_000_003), large.subarray(7_000_003)]);
      assert.deepEqual(await storage.read('large'), large);
      for (let offset = 0; offset < large.length; offset += 1_000_000) {
        const length = Math.min(1000, large.length - offset);
        assert.deepEqual(
          await storage.read('large', { offset, length }),
          large.slice(offset, offset + length),
        );
      }
      const pieces = await Array.fromAsync(storage.stream('large', { offset: 1_234_567 }));
      assert.equal(Buffer.compare(Buffer.concat(pieces), large.subarray(1_234_567)), 0);
      await storage.close();
    });
  });
}

describe('ftp', { skip }, () => {
  let server: FtpServer;
  before(async () => {
    server = await startVsftpd();
  });
  after(() => server.stop());

  describe('clear sentences', () => {
    const refused = (choice: FtpChoice, code: ErrorCode, ...texts: RegExp[]): Promise<void> =>
      assertRefused(openFtp(server, server.home, choice), code, texts);

    it('for a wrong password, and none', async () => {
      await refused({ credentials: { password: 'hunter2' } }, 'bad-credentials', /the password is wrong/);
      await refused({ environment: {} }, 'bad-credentials', /without a password/, /HOLDFAST_FTP_PASSWORD/);
    });

    it('for a server without TLS', () =>
      refused({ scheme: 'ftps' }, 'unreachable', /does not offer TLS/, /ftp:\/\//));

    it('for TLS from the first byte where the server greets first', () =>
      refused({ scheme: 'ftps+implicit' }, 'unreachable', /does not speak TLS at once/, /ftps:\/\//));

    it('for a server that is not there, or nobody knows', async () => {
      const nobody = openFtp(server, '/x', { port: await freePort() });
      const error = await assertCode(nobody.read('x'), 'unreachable');
      assert.match(error.message, /127\.0\.0\.1:\d+ cannot be reached: nothing listens there/);
      assert.equal(error.retryable, true);
      await nobody.close();
      const unknown = openFtp(server, '/x', { host: 'no-such-host.invalid' });
      await assertCode(unknown.read('x'), 'unreachable');
      await unknown.close();
    });

    it('for folders that are not the user’s', async () => {
      mkdirSync(join(server.home, 'closed'), { mode: 0o700 });
      writeFileSync(join(server.home, 'mine'), 'x', { mode: 0o600 });
      const storage = openFtp(server, server.home);
      const writing = await assertCode(storage.write('closed/x', patternBytes(3)), 'forbidden');
      assert.match(writing.message, /cannot write closed\/x in ftp:.*: the server does not permit it/);
      await assertCode(storage.read('mine'), 'forbidden');
      await assertCode(storage.read('closed/x'), 'forbidden');
      await assertCode(listAll(storage, 'closed/'), 'forbidden');
      await assertCode(listAll(storage, 'closed/deep/er/'), 'forbidden');
      await storage.close();
    });

    it('for names that FTP cannot say', async () => {
      const storage = openFtp(server, server.home);
      const error = await assertCode(storage.write('a\r\nDELE b', patternBytes(3)), 'usage');
      assert.match(error.message, /line break/);
      await storage.close();
    });

    it('for settings that it does not know', () => {
      assert.throws(() => openFtp(server, '/x', { settings: { speed: '1' } }), { code: 'usage' });
      assert.throws(() => openFtp(server, '/x', { settings: { connections: '0' } }), { code: 'usage' });
    });
  });

  it('finds what killed writers left, and removes it', async () => {
    const storage = openFtp(server, `${server.home}/left`);
    await storage.write('a/whole', patternBytes(3));
    const left = join(server.home, 'left', 'a', 'half-tmp-0123456789abcdef');
    writeFileSync(left, 'half');
    chownSync(left, testUser.uid, testUser.uid);
    assert.deepEqual(
      (await listAll(storage, '')).map(({ name }) => name),
      ['a/whole'],
    );
    assert.deepEqual(await Array.fromAsync(storage.leftovers!('', Date.now() - 60_000)), []);
    const found = await Array.fromAsync(storage.leftovers!('', Date.now() + 60_000));
    assert.deepEqual(
      found.map(({ name, size }) => [name, size]),
      [['a/half', 4]],
    );
    await found[0]!.remove();
    assert.deepEqual(readdirSync(join(server.home, 'left', 'a')), ['whole']);
    await storage.removeEmptyFolder!('a/');
    await storage.remove('a/whole');
    await storage.removeEmptyFolder!('a/');
    await storage.removeEmptyFolder!('a/');
    assert.deepEqual(readdirSync(join(server.home, 'left')), []);
    await storage.close();
  });

  it('leaves nothing on a full disk, and says that it is full', async () => {
    const storage = openFtp(server, server.smallDisk);
    await storage.write('data/small', patternBytes(100_000));
    const error = await assertCode(storage.write('data/large', patternBytes(3_000_000)), 'disk-full');
    assert.match(error.message, /cannot write data\/large in ftp:.*: the disk there seems to be full/);
    assert.equal(error.retryable, false);
    assert.deepEqual(await Array.fromAsync(storage.leftovers!('', Date.now() + 60_000)), []);
    assert.deepEqual(
      (await listAll(storage, '')).map(({ name }) => name),
      ['data/small'],
    );
    await storage.write('data/again', patternBytes(100_000));
    await storage.close();
  });

  const login = ['OPTS', 'USER', 'FEAT', 'TYPE', 'STRU'];

  /** A server that answers these commands, `greeting` among them, and keeps silent for ever after any other. */
  async function silentBut(t: TestContext, known: readonly string[]): Promise<number> {
    const answers: Record<string, string> = {
      AUTH: '234 begin',
      USER: '230 in',
      SIZE: '213 3',
      RETR: '150 it comes',
    };
    const listener = createServer((socket) => {
      t.after(() => socket.destroy());
      socket.on('error', () => {});
      if (known.includes('greeting')) socket.write('220 here\r\n');
      socket.on('data', (line) => {
        const command = `${line}`.slice(0, 4);
        if (known.includes(command)) socket.write(`${answers[command] ?? '200 well'}\r\n`);
        else if (command === 'EPSV' && known.includes('data')) socket.write(`229 (|||${dataPort}|)\r\n`);
      });
    });
    const data = createServer((socket) => void t.after(() => socket.destroy()));
    for (const server of [listener, data]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      t.after(() => server.close());
    }
    const dataPort = (data.address() as AddressInfo).port;
    return (listener.address() as AddressInfo).port;
  }

  for (const [place, scheme, known] of [
    ['from the start', 'ftp', []],
    ["in the midst of TLS's handshake", 'ftps', ['greeting', 'AUTH']],
    ['in the midst of the login', 'ftp', ['greeting', 'OPTS']],
    ['instead of a data connection', 'ftp', ['greeting', ...login, 'CWD ', 'SIZE']],
    ['on the data connection', 'ftp', ['greeting', ...login, 'CWD ', 'SIZE', 'data', 'RETR', 'LIST']],
  ] as const) {
    it(`stops at once when a server keeps silent ${place} and the signal aborts, and by itself`, async (t) => {
      const port = await silentBut(t, known);
      const patient = openFtp(server, '/x', { port, scheme, stuckRequestTimeout: 120_000 });
      const began = performance.now();
      for (const work of [
        (signal: AbortSignal) => patient.read('x', { signal, length: 3 }),
        (signal: AbortSignal) => Array.fromAsync(patient.stream('x', { signal, length: 3 })),
        (signal: AbortSignal) => Array.fromAsync(patient.list('', { signal })),
      ]) {
        await assertCode(work(AbortSignal.timeout(200)), 'interrupted');
      }
      await patient.close();
      const storage = openFtp(server, '/x', { port, scheme, stuckRequestTimeout: 500 });
      const error = await assertCode(storage.read('x', { length: 3 }), 'unreachable');
      assert.match(error.message, /does not answer/);
      await storage.close();
      assert.ok(performance.now() - began < 30_000, 'not by the patience of the first one');
    });
  }

  it('lets the process end when it is closed', async () => {
    const script = `
      import { openStorage } from ${JSON.stringify(import.meta.resolve('../../src/storage/open.ts'))};
      const storage = await openStorage('ftp://${server.user}@127.0.0.1:${server.port}/ends');
      await storage.write('x', new Uint8Array(5));
      await Promise.all([1, 2, 3].map(() => storage.read('x')));
      await storage.close();
      console.log('closed');`;
    const began = performance.now();
    const { stdout } = await runProgram(process.execPath, ['--input-type=module', '--eval', script], {
      env: { HOLDFAST_FTP_PASSWORD: server.password },
      timeout: 20_000,
    });
    assert.equal(stdout.trim(), 'closed');
    assert.ok(performance.now() - began < 15_000);
  });
});

describe('an ftp server that nobody should trust', { skip }, () => {
  let server: FtpServer;
  let proxy: FtpProxy;
  let storage: Storage;
  const large = patternBytes(5_000_000);
  before(async () => {
    server = await startVsftpd();
    proxy = await startFtpProxy(server.port);
    storage = openFtp(server, `${server.home}/lies`, { port: proxy.port });
  });
  after(async () => {
    await storage.close();
    await proxy.stop();
    await server.stop();
  });

  const names = (): string[] => readdirSync(join(server.home, 'lies'));

  it('leaves no file when it took less than was sent, and says that all is well', async () => {
    await storage.write('before', patternBytes(3));
    proxy.fault = { kind: 'swallow', after: 1_000_000, times: 1 };
    const error = await assertCode(storage.write('short', large), 'truncated');
    assert.match(error.message, /5000000 bytes were sent, and 1000000 arrived/);
    assert.equal(error.retryable, true);
    assert.equal(proxy.fault.times, 0);
    assert.deepEqual(names(), ['before']);
  });

  it('leaves no file when it breaks off in the midst', async () => {
    proxy.fault = { kind: 'break', after: 1_000_000, times: 1 };
    const error = await assertCode(storage.write('broken', large), 'unreachable');
    assert.equal(error.retryable, true);
    assert.deepEqual(names(), ['before']);
  });

  it('gives no half file to a reader', async () => {
    await storage.write('large', large);
    for (const kind of ['swallow', 'break'] as const) {
      proxy.fault = { kind, after: 1_000_000, times: 2 };
      await assert.rejects(storage.read('large'), { name: 'HoldfastError', retryable: true });
      await assert.rejects(Array.fromAsync(storage.stream('large')), {
        name: 'HoldfastError',
        retryable: true,
      });
      assert.equal(proxy.fault.times, 0);
    }
    assert.deepEqual(await storage.read('large'), large);
  });

  it('is asked again, and in the end all is right', async () => {
    const patient = await openStorage(`ftp://${server.user}@127.0.0.1:${proxy.port}/${server.home}/lies`, {
      environment: { HOLDFAST_FTP_PASSWORD: server.password },
      random: () => 0,
    });
    await patient.stat('large');
    for (const kind of ['swallow', 'break'] as const) {
      proxy.fault = { kind, after: 1_000_000, times: 2 };
      await patient.write(kind, large);
      assert.equal(proxy.fault.times, 0);
      proxy.fault = { kind, after: 1_000_000, times: 2 };
      const pieces = await Array.fromAsync(patient.stream(kind));
      assert.equal(proxy.fault.times, 0);
      assert.equal(Buffer.compare(Buffer.concat(pieces), large), 0);
    }
    await patient.close();
    assert.deepEqual(names().sort(), ['before', 'break', 'large', 'swallow']);
  });
});

describe('an ftp server that is killed', { skip }, () => {
  it('in the midst of a write leaves no file, and the write is done when it is back', async (t) => {
    const server = await startVsftpd({ security: 'explicit' });
    t.after(() => server.stop());
    const storage = await openStorage(`ftps://${server.user}@127.0.0.1:${server.port}/killed`, {
      environment: { HOLDFAST_FTP_PASSWORD: server.password },
      caFiles: [server.ca!],
    });
    await storage.write('x', patternBytes(1000));
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield patternBytes(3_000_000);
      await server.restart();
      for (let i = 0; i < 5; i++) yield patternBytes(3_000_000);
    }
    const error = await assertCode(storage.write('stream', breaking()), 'unreachable');
    assert.match(error.message, /cannot write stream in ftps:.*: the connection was lost/);
    assert.equal(error.retryable, true);
    const left = readdirSync(join(server.home, 'killed'));
    assert.ok(left.includes('x') && !left.includes('stream'), left.join());

    const large = patternBytes(30_000_000);
    const writing = storage.write('large', large);
    await server.restart();
    await writing;
    const reading = Array.fromAsync(storage.stream('large'));
    await server.restart();
    assert.equal(Buffer.compare(Buffer.concat(await reading), large), 0);
    await storage.close();
  });
});
