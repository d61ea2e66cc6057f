import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

const moduleAt = (path: string): string => JSON.stringify(import.meta.resolve(path));

test('a thread that stands in a call of the system holds up neither its pool nor the end', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-exit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  // Nobody ever writes to it.
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const worker = join(folder, 'worker.mjs');
  writeFileSync(
    worker,
    `import { openSync, readSync } from 'node:fs';
    import { serve } from ${moduleAt('../pool-worker.ts')};
    serve((fifo, host) => () => {
      const file = openSync(fifo, 'r+');
      host.notify('reading');
      readSync(file, new Uint8Array(1));
    });`,
  );
  const program = join(folder, 'program.mjs');
  writeFileSync(
    program,
    `import { createPool } from ${moduleAt('../pool.ts')};
    import { exitNow } from ${moduleAt('./exit.ts')};
    const reading = Promise.withResolvers();
    const pool = createPool(new URL('./worker.mjs', import.meta.url), {
      size: 1,
      data: ${JSON.stringify(fifo)},
      onNotice: reading.resolve,
    });
    pool.run('stand').catch(({ code }) => console.log(code));
    await reading.promise;
    // From here on it is on its way into the call.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const began = performance.now();
    await pool.close();
    console.log(performance.now() - began > 2500 ? 'left to itself' : 'ended');
    exitNow(7);`,
  );
  const { status, stdout } = spawnSync(process.execPath, [program], {
    encoding: 'utf8',
    timeout: 20_000,
    killSignal: 'SIGKILL',
    env: { ...process.env, NODE_V8_COVERAGE: undefined, NODE_OPTIONS: undefined },
  });
  assert.deepEqual([status, stdout], [7, 'interrupted\nleft to itself\n']);
});
