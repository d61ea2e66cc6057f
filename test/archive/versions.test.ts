/** Stable names on a bucket: every run sees to it that older versions stay, and go in time. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openStorage } from '../../src/storage/open.ts';
import { startMinio } from '../support/minio.ts';
import { runProgram } from '../support/program.ts';
import { holdfast } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';

test('stable names on MinIO', { skip: skipWithout('minio') }, async (t) => {
  const server = await startMinio();
  t.after(() => server.stop());
  const location = `s3:${server.endpoint}/infinite/db`;
  const env = { AWS_ACCESS_KEY_ID: server.accessKey, AWS_SECRET_ACCESS_KEY: server.secretKey };
  const program = holdfast({ repository: `archive:${location}`, password: '', env });
  const backup = [
    'backup',
    '--layout',
    'latest',
    '--stdin',
    '--stdin-filename',
    'infinite-prod.sql',
    '--host',
    '',
  ];
  const first = await program.run(backup, { input: 'monday\n' });
  assert.match(first.stderr, /versioning of the bucket infinite/);
  assert.match(first.stderr, /the newest 45 old versions stay/);
  await using stack = new AsyncDisposableStack();
  const storage = await openStorage(location, { environment: env });
  stack.defer(() => storage.close());
  const changed = async (): Promise<string[]> =>
    (await storage.keepVersions!({ count: 45, days: 1 }))
      .filter(({ kind }) => kind === 'changed')
      .map(({ text }) => text);
  assert.deepEqual(await changed(), []);

  // somebody changes it, and the next run mends it
  await storage.keepVersions!({ count: 3, days: 9 });
  const second = await program.run(backup, { input: 'tuesday\n' });
  assert.match(second.stderr, /the newest 45 old versions stay/);
  assert.deepEqual(await changed(), []);
  const third = await program.run(backup, { input: 'wednesday\n' });
  assert.doesNotMatch(third.stderr, /versions stay/);
  assert.equal((await program.run(['dump', 'latest'])).stdout, 'wednesday\n');
  const names = await Array.fromAsync(storage.list(''), ({ name }) => name);
  assert.deepEqual(names.toSorted(), ['infinite-prod.sql.gz', 'infinite-prod.sql.gz.manifest.json']);
});

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly older?: true;
  readonly deleted?: string;
  readonly artefacts: readonly {
    readonly name: string;
    readonly sha256?: string;
    readonly version_id?: string;
  }[];
}

test('what was replaced is listed and comes back', { skip: skipWithout('minio') }, async (t) => {
  const server = await startMinio();
  t.after(() => server.stop());
  const env = { AWS_ACCESS_KEY_ID: server.accessKey, AWS_SECRET_ACCESS_KEY: server.secretKey };
  const location = `s3:${server.endpoint}/infinite/db`;
  const program = holdfast({ repository: `archive:${location}`, password: '', env });
  const nights = ['monday\n', 'tuesday\n', 'wednesday and more\n'];
  const back = async (name: string, input: string, day: number): Promise<void> => {
    const stream = ['--stdin', '--stdin-filename', `${name}.sql`, '--host', ''];
    const time = ['--time', `2026-11-0${day} 01:00:00`];
    await program.run(['backup', '--layout', 'latest', ...stream, ...time], { input });
  };
  for (const [i, text] of nights.entries()) await back('shop', text, i + 1);
  await back('shop_archive', 'another\n', 9);
  const list = async (): Promise<Listed[]> =>
    (await program.json(['snapshots', '--path', 'shop'])) as Listed[];
  const listed = await list();
  assert.deepEqual(
    listed.map(({ older }) => older ?? false),
    [true, true, false],
  );

  await t.test('each night by its id, with the manifest of its time', async () => {
    for (const [i, { id, artefacts }] of listed.entries()) {
      assert.equal((await program.run(['dump', id])).stdout, nights[i]);
      const [artefact] = artefacts;
      if (artefact!.version_id === undefined) continue;
      // what stock curl gets of that version
      const { stdout } = await runProgram(
        'bash',
        [
          '-c',
          'curl -sf --aws-sigv4 aws:amz:us-east-1:s3 --user "$KEYS" "$1" | tee >(sha256sum >&2) | gunzip',
          'bash',
          `${server.endpoint}/infinite/db/shop.sql.gz?versionId=${artefact!.version_id}`,
        ],
        { env: { KEYS: `${server.accessKey}:${server.secretKey}` } },
      );
      assert.equal(stdout, nights[i]);
      assert.match(artefact!.sha256!, /^[0-9a-f]{64}$/);
    }
  });

  await t.test('by all verbs, counted back and by name', async () => {
    const [first] = listed as [Listed];
    assert.match(first.name, /^shop@2026-11-01_\d\d-00-00Z$|^shop@2026-1[01]-\d\d_\d\d-00-00Z$/);
    assert.equal((await program.run(['dump', first.name])).stdout, 'monday\n');
    assert.equal((await program.run(['dump', 'latest~1', '--path', 'shop'])).stdout, 'tuesday\n');
    const folder = tempFolder(t);
    await program.run(['restore', first.id, '--target', folder]);
    assert.equal(readFileSync(join(folder, 'shop.sql'), 'utf8'), 'monday\n');
    assert.match((await program.run(['ls', '-l', first.id])).stdout, /shop\.sql\.gz/);
    const check = await program.run(['-v', '-v', 'check', first.id]);
    assert.match(check.stdout + check.stderr, /stored and decoded bytes compared/);
    const diff = await program.run(['diff', first.id, 'latest', '--json']);
    assert.match(diff.stdout, /"before":7,"after":8/);
    const table = (await program.run(['snapshots', '--path', 'shop'])).stdout;
    assert.match(table, /current/);
    assert.equal(table.match(/ older /g)?.length, 2);
  });

  await t.test('forget leaves them', async () => {
    const { stderr } = await program.run(['forget', listed[0]!.id], { expect: [1, 2, 10] });
    assert.match(stderr, /older version of a file, and forget leaves those/);
    await program.run(['forget', '--keep-last', '1', '--path', 'shop']);
    assert.equal((await list()).length, 3);
  });

  await t.test('a run without its manifest, and what was deleted', async () => {
    await using stack = new AsyncDisposableStack();
    const storage = await openStorage(location, { environment: env });
    stack.defer(() => storage.close());
    // killed between the file and its manifest
    await storage.write('shop.sql.gz', gzipSync('thursday\n'));
    await back('shop', 'friday\n', 5);
    const nightly = await list();
    const found = await Promise.all(nightly.map(async ({ id }) => (await program.run(['dump', id])).stdout));
    assert.deepEqual(found.toSorted(), [...nights, 'friday\n', 'thursday\n'].toSorted());
    const unknown = nightly.filter(({ artefacts }) => artefacts[0]!.sha256 === undefined);
    assert.equal(unknown.length, 1);
    assert.equal((await program.run(['dump', unknown[0]!.id])).stdout, 'thursday\n');

    for (const name of await Array.fromAsync(storage.list(''), ({ name }) => name))
      await storage.remove(name);
    const gone = await list();
    assert.equal(gone.filter(({ older, deleted }) => older && deleted !== undefined).length, 5);
    const { stdout } = await program.run(['snapshots', '--path', 'shop']);
    assert.match(stdout, /older, deleted 20/);
    const newest = gone.find(({ name }) => name.startsWith('shop@2026-11-05'))!;
    const dumped = await program.run(['dump', newest.name]);
    assert.equal(dumped.stdout, 'friday\n');
    assert.match(dumped.stderr, /shop was deleted at .*a version from before/);
  });
});
