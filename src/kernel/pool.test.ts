import assert from 'node:assert/strict';
import test from 'node:test';
import { isMainThread } from 'node:worker_threads';
import { HoldfastError } from './errors.ts';
import { serve, Transfer } from './pool-worker.ts';
import { createPool } from './pool.ts';

type Request =
  | { kind: 'add'; value: number }
  | { kind: 'fill'; buffer: ArrayBuffer }
  | { kind: 'fail' }
  | { kind: 'ask' }
  | { kind: 'exit' }
  | { kind: 'who' };

interface Data {
  base: number;
  broken?: boolean;
}

const module = new URL(import.meta.url);

if (!isMainThread) {
  serve<Data, Request, number | ArrayBuffer, string, string>((data, host) => {
    if (data.broken) throw new HoldfastError('unsupported', 'cannot start');
    return async (request) => {
      switch (request.kind) {
        case 'add':
          return data.base + request.value;
        case 'fill':
          new Uint8Array(request.buffer).fill(7);
          return new Transfer(request.buffer, [request.buffer]);
        case 'fail':
          throw new HoldfastError('corrupt', 'blob is bad', { hint: 'run check', cause: { code: 'EIO' } });
        case 'ask':
          host.notify('asking');
          return Number(await host.call('question'));
        case 'who':
          return host.worker;
        case 'exit':
          process.exit(3);
      }
    };
  });
} else {
  test('answers come back to who asked, from all workers', async () => {
    await using pool = createPool<Request, number, Data>(module, { size: 2, data: { base: 100 }, depth: 2 });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, value) => pool.run({ kind: 'add', value })),
    );
    assert.deepEqual(
      answers,
      Array.from({ length: 50 }, (_, value) => 100 + value),
    );
    assert.deepEqual(await pool.broadcast({ kind: 'who' }), [0, 1]);
    assert.equal(pool.pending, 0);
  });

  test('threads that wait to be started take no part until then', async () => {
    const data = { base: 100 };
    await using pool = createPool<Request, number, Data>(module, { size: 3, first: 1, data, depth: 2 });
    assert.equal(pool.started, 1);
    const waiting = Array.from({ length: 6 }, (_, value) => pool.run({ kind: 'add', value }));
    assert.deepEqual(await pool.broadcast({ kind: 'who' }), [0]);
    pool.startAll();
    pool.startAll();
    assert.equal(pool.started, 3);
    assert.deepEqual(await pool.broadcast({ kind: 'who' }), [0, 1, 2]);
    assert.deepEqual(await Promise.all(waiting), [100, 101, 102, 103, 104, 105]);
  });

  test('buffers move, they are not copied', async () => {
    await using pool = createPool<Request, ArrayBuffer, Data>(module, { size: 1, data: { base: 0 } });
    const buffer = new ArrayBuffer(1 << 20);
    const back = pool.run({ kind: 'fill', buffer }, [buffer]);
    assert.equal(buffer.byteLength, 0);
    const filled = new Uint8Array(await back);
    assert.equal(filled.length, 1 << 20);
    assert.ok(filled.every((byte) => byte === 7));
  });

  test('errors keep their code, hint and system code', async () => {
    await using pool = createPool<Request, number, Data>(module, { size: 1, data: { base: 0 } });
    await assert.rejects(pool.run({ kind: 'fail' }), (error) => {
      assert.ok(error instanceof HoldfastError);
      assert.equal(error.code, 'corrupt');
      assert.equal(error.message, 'blob is bad');
      assert.equal(error.hint, 'run check');
      assert.deepEqual(error.cause, { code: 'EIO' });
      return true;
    });
    assert.equal(await pool.run({ kind: 'add', value: 1 }), 1);
  });

  test('a worker asks its owner, and the owner may refuse', async () => {
    const notices: string[] = [];
    let answer: (question: string) => string = (question) => (question === 'question' ? '42' : '0');
    await using pool = createPool<Request, number, Data, string, string>(module, {
      size: 1,
      data: { base: 0 },
      onCall: (question) => answer(question),
      onNotice: (notice) => notices.push(notice),
    });
    assert.equal(await pool.run({ kind: 'ask' }), 42);
    assert.deepEqual(notices, ['asking']);
    answer = () => {
      throw new HoldfastError('forbidden', 'no');
    };
    await assert.rejects(pool.run({ kind: 'ask' }), { code: 'forbidden', message: 'no' });
  });

  test('a worker that dies fails everything that waits, at once', async () => {
    await using pool = createPool<Request, number, Data>(module, { size: 1, data: { base: 0 } });
    const results = await Promise.allSettled([
      pool.run({ kind: 'exit' }),
      pool.run({ kind: 'add', value: 1 }),
    ]);
    assert.ok(results.every((result) => result.status === 'rejected'));
    await assert.rejects(pool.run({ kind: 'add', value: 1 }), /ended early with status 3/);
  });

  test('a worker that cannot start says why to every request', async () => {
    await using pool = createPool<Request, number, Data>(module, {
      size: 2,
      data: { base: 0, broken: true },
    });
    await assert.rejects(pool.run({ kind: 'add', value: 1 }), {
      code: 'unsupported',
      message: 'cannot start',
    });
  });

  test('closing rejects what is pending', async () => {
    const pool = createPool<Request, number, Data>(module, { size: 1, data: { base: 0 } });
    const pending = [pool.run({ kind: 'add', value: 1 }), pool.run({ kind: 'add', value: 2 })];
    const settled = Promise.allSettled(pending);
    await pool.close();
    await pool.close();
    for (const result of await settled) {
      assert.equal(result.status, 'rejected');
      assert.ok(result.reason instanceof HoldfastError && result.reason.code === 'interrupted');
    }
  });
}
