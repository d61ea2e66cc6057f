import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode, messageOf } from '../../../kernel/errors.ts';
import { decodeConfig, encodeConfig } from './config.ts';
import { decodeLock, encodeLock } from './lock.ts';
import { decodeSnapshot, encodeSnapshot, type Snapshot } from './snapshot.ts';
import { decodeUnpacked, encodeUnpacked } from './unpacked.ts';

const tree = 'ab'.repeat(32);
const snapshot: Snapshot = {
  time: '2024-05-06T07:08:09.123456789+02:00',
  timeMs: Date.UTC(2024, 4, 6, 5, 8, 9) + 123.456789,
  parent: undefined,
  tree,
  paths: ['/home/a & b', '/\u2028'],
  hostname: 'h',
  username: '',
  uid: 0,
  gid: 1000,
  excludes: [],
  tags: ['<t>'],
  original: 'cd'.repeat(32),
  programVersion: 'holdfast 1',
  summary: undefined,
};
const json = (text: string) => Buffer.from(text);
const corrupt = (part: string) => (error: unknown) =>
  hasCode(error, 'corrupt') && messageOf(error).includes(part);

test('a snapshot is written as Go writes it, and comes back', () => {
  const text =
    `{"time":"2024-05-06T07:08:09.123456789+02:00","tree":"${tree}","paths":["/home/a \\u0026 b","/\\u2028"],` +
    `"hostname":"h","gid":1000,"tags":["\\u003ct\\u003e"],"original":"${'cd'.repeat(32)}","program_version":"holdfast 1"}`;
  assert.equal(Buffer.from(encodeSnapshot(snapshot)).toString(), text);
  assert.deepEqual(decodeSnapshot(encodeSnapshot(snapshot)), snapshot);
});

test('a summary keeps its zeros; what is not known is ignored, what is not there is zero', () => {
  const decoded = decodeSnapshot(
    json(
      `{"time":"2024-05-06T07:08:09Z","tree":"${tree}","paths":null,"new":{},"summary":{"files_new":3,"rate":1.5,"backup_start":"2024-05-06T07:08:09Z"}}`,
    ),
  );
  assert.equal(decoded.summary!.filesNew, 3);
  assert.equal(decoded.summary!.totalBytesProcessed, 0);
  assert.deepEqual(decoded.paths, []);
  const text = Buffer.from(encodeSnapshot(decoded)).toString();
  assert.match(
    text,
    /"summary":\{"backup_start":"2024-05-06T07:08:09Z","backup_end":"0001-01-01T00:00:00Z","files_new":3,"files_changed":0,.*"total_bytes_processed":0\}\}$/,
  );
});

test('faults of a snapshot are named', () => {
  const faults: readonly (readonly [text: string, part: string])[] = [
    ['', 'it is empty'],
    ['nonsense', 'it is no JSON'],
    ['[]', 'no JSON object'],
    ['[['.repeat(500_000), 'it is no JSON'],
    ['{}', 'time is missing'],
    ['{"time":"later"}', 'is no time'],
    ['{"time":"2024-05-06T07:08:09Z","tree":null}', 'tree is missing'],
    ['{"time":"2024-05-06T07:08:09Z","tree":"ab"}', 'tree is no id'],
    [`{"time":"2024-05-06T07:08:09Z","tree":"${tree}","paths":[1]}`, 'paths is no list of texts'],
    [`{"time":"2024-05-06T07:08:09Z","tree":"${tree}","uid":-1}`, 'uid is no whole number'],
    [
      `{"time":"2024-05-06T07:08:09Z","tree":"${tree}","summary":{"files_new":"x"}}`,
      'summary: files_new is no whole number',
    ],
  ];
  for (const [text, part] of faults) assert.throws(() => decodeSnapshot(json(text)), corrupt(part), part);
});

test('a lock is written as restic writes it, and comes back', () => {
  const lock = {
    time: '2024-05-06T07:08:09Z',
    timeMs: Date.UTC(2024, 4, 6, 7, 8, 9),
    exclusive: false,
    hostname: 'h',
    username: 'u',
    pid: 77,
    uid: 0,
    gid: 5,
  };
  const text =
    '{"time":"2024-05-06T07:08:09Z","exclusive":false,"hostname":"h","username":"u","pid":77,"gid":5}';
  assert.equal(Buffer.from(encodeLock(lock)).toString(), text);
  assert.deepEqual(decodeLock(json(text)), lock);
  assert.throws(
    () => decodeLock(json('{"time":"2024-05-06T07:08:09Z","exclusive":1}')),
    corrupt('exclusive'),
  );
});

test('a config keeps what it does not know', () => {
  const config = {
    version: 2,
    id: tree,
    chunkerPolynomial: 0x3da3358b4dc173n,
    extra: { holdfast_chunker: 'fast' },
  } as const;
  const text = `{"version":2,"id":"${tree}","chunker_polynomial":"3da3358b4dc173","holdfast_chunker":"fast"}`;
  assert.equal(Buffer.from(encodeConfig(config)).toString(), text);
  assert.deepEqual(decodeConfig(json(text)), config);
});

test('faults of a config are named, and a newer version is told from damage', () => {
  const bad = (change: object) => () =>
    decodeConfig(
      json(JSON.stringify({ version: 2, id: tree, chunker_polynomial: '3da3358b4dc173', ...change })),
    );
  assert.throws(bad({ version: 3 }), (error) => hasCode(error, 'unsupported'));
  assert.throws(bad({ version: null }), corrupt('version is missing'));
  assert.throws(bad({ chunker_polynomial: '3da3358b4dc172' }), corrupt('not irreducible'));
  assert.throws(bad({ chunker_polynomial: 'xyz' }), corrupt('no hex number'));
  assert.throws(bad({ chunker_polynomial: 'f'.repeat(17) }), corrupt('no hex number'));
  assert.throws(bad({ id: 3 }), corrupt('id is no text'));
});

test('unpacked files: compressed, raw as old versions wrote them, and damaged', () => {
  const text = json(`{"packs":[${'1,'.repeat(5000)}1]}`);
  const packed = encodeUnpacked(text);
  assert.equal(packed[0], 2);
  assert.ok(packed.length < 200);
  assert.deepEqual(Buffer.from(decodeUnpacked(packed)), text);
  assert.equal(decodeUnpacked(text), text);
  assert.throws(() => decodeUnpacked(new Uint8Array(0)), corrupt('empty'));
  assert.throws(
    () => decodeUnpacked(Uint8Array.of(3, 1, 2)),
    (error) => hasCode(error, 'unsupported'),
  );
  assert.throws(() => decodeUnpacked(packed.slice(0, -1)), corrupt('compressed data is damaged'));
  // a frame of a few bytes that states 2 GiB of content
  const bomb = Uint8Array.of(2, 0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x80, 1, 0, 0);
  assert.throws(() => decodeUnpacked(bomb), corrupt('more than'));
});
