import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFakeClock } from '../testing/fake-clock.ts';
import { patternBytes } from '../testing/storage-assertions.ts';
import { storageContract } from '../testing/storage-contract.ts';
import { createBandwidth, createGate, withLimits } from './limit.ts';
import { createMemoryStorage } from './memory.ts';

storageContract('with limits', async () => {
  const clock = createFakeClock();
  const bandwidth = createBandwidth(1 << 20, clock);
  const limits = { upload: bandwidth, download: bandwidth, operations: 2 };
  return { storage: withLimits(createMemoryStorage(), limits) };
});

describe('createBandwidth', () => {
  it('lets bytes through at its rate, shared by all', async () => {
    const clock = createFakeClock();
    const bandwidth = createBandwidth(1000, clock);
    const begun = clock.now();
    for (let i = 0; i < 20; i++) await bandwidth.take(500);
    const seconds = (clock.now() - begun) / 1000;
    assert.ok(seconds >= 9.8 && seconds <= 10, `${seconds}`);
  });

  it('saves nothing up in a long pause', async () => {
    const clock = createFakeClock();
    const bandwidth = createBandwidth(1000, clock);
    await bandwidth.take(100);
    clock.advance(3_600_000);
    const begun = clock.now();
    await bandwidth.take(5000);
    assert.ok(clock.now() - begun >= 4900);
  });
});

describe('withLimits', () => {
  it('paces what goes up and what comes down', async () => {
    const clock = createFakeClock();
    const storage = withLimits(createMemoryStorage(), {
      upload: createBandwidth(10_000, clock),
      download: createBandwidth(20_000, clock),
    });
    let begun = clock.now();
    await storage.write('x', [patternBytes(50_000), patternBytes(50_000)]);
    assert.ok(Math.abs(clock.now() - begun - 10_000) <= 150);
    begun = clock.now();
    assert.equal((await storage.read('x')).length, 100_000);
    assert.ok(Math.abs(clock.now() - begun - 5000) <= 150);
    begun = clock.now();
    await Array.fromAsync(storage.stream('x', { length: 40_000 }));
    assert.ok(Math.abs(clock.now() - begun - 2000) <= 150);
  });

  it('never runs more at the same time than it may', async () => {
    const gate = createGate(3);
    let running = 0;
    let most = 0;
    const order: number[] = [];
    const work = Array.from({ length: 20 }, (_, i) =>
      gate(async () => {
        most = Math.max(most, ++running);
        order.push(i);
        await Promise.resolve();
        running--;
        if (i === 5) throw new Error('one fails');
      }),
    );
    const settled = await Promise.allSettled(work);
    assert.equal(most, 3);
    assert.equal(settled.filter(({ status }) => status === 'rejected').length, 1);
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
    );
  });
});
