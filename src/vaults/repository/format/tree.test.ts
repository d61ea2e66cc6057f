import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compareBytes } from '../../../kernel/bytes.ts';
import { hasCode, messageOf } from '../../../kernel/errors.ts';
import { isNodeType } from './node-parser.ts';
import { absentValue, type Node } from './node.ts';
import { zeroTime } from './time.ts';
import { parseTree, TreeEncoder, TreeStream } from './tree.ts';

const bare: Node = {
  name: Buffer.from('a'),
  type: 'file',
  mode: 0,
  mtime: zeroTime,
  atime: zeroTime,
  ctime: zeroTime,
  uid: 0,
  gid: 0,
  user: '',
  group: '',
  inode: 0n,
  deviceId: 0n,
  size: 0,
  links: 0,
  linktarget: undefined,
  xattrs: [],
  genericAttributes: undefined,
  device: 0n,
  content: undefined,
  subtree: undefined,
  error: '',
};

const text = fc.string({ unit: 'binary', maxLength: 12 });
const sometimes = <T>(value: fc.Arbitrary<T>, otherwise: T) => fc.oneof(fc.constant(otherwise), value);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const time = fc.record(
  {
    sec: fc.integer({ min: -60_000_000_000, max: 250_000_000_000 }),
    nsec: sometimes(fc.nat(999_999_999), 0),
    offset: sometimes(fc.integer({ min: -720, max: 840 }), 0),
  },
  { noNullPrototype: true },
);
const big = sometimes(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), 0n);
const xattr = fc.record(
  { name: text, value: fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.constant(absentValue)) },
  { noNullPrototype: true },
);
const ids = fc.nat(5).chain((n) => fc.uint8Array({ minLength: n * 32, maxLength: n * 32 }));

const anyNode: fc.Arbitrary<Node> = fc.record(
  {
    name: fc.uint8Array({ minLength: 1, maxLength: 20 }),
    type: fc.constantFrom('file', 'dir', 'symlink', 'dev', 'chardev', 'fifo', 'socket', 'irregular'),
    mode: fc.nat(0xffff_ffff),
    mtime: time,
    atime: time,
    ctime: time,
    uid: fc.nat(0xffff_ffff),
    gid: fc.nat(0xffff_ffff),
    user: text,
    group: text,
    inode: big,
    deviceId: big,
    size: sometimes(fc.maxSafeNat(), 0),
    links: sometimes(fc.nat(), 0),
    linktarget: optional(fc.uint8Array({ minLength: 1, maxLength: 40 })),
    xattrs: fc.array(xattr, { maxLength: 3 }),
    genericAttributes: optional(fc.json().map((json) => `{"windows.x":${JSON.stringify(JSON.parse(json))}}`)),
    device: big,
    content: optional(ids),
    subtree: optional(fc.uint8Array({ minLength: 32, maxLength: 32 })),
    error: text,
  },
  { noNullPrototype: true },
);
const nodesInOrder = fc
  .array(anyNode, { maxLength: 6 })
  .map((nodes) => nodes.sort((a, b) => compareBytes(a.name, b.name)))
  .map((nodes) => nodes.filter((node, i) => i === 0 || compareBytes(nodes[i - 1]!.name, node.name) < 0));

function encodeTree(nodes: readonly Node[]): Buffer {
  const encoder = new TreeEncoder(16);
  for (const node of nodes) encoder.add(node);
  return Buffer.from(encoder.finish());
}

const corrupt = (part: string) => (error: unknown) =>
  hasCode(error, 'corrupt') && messageOf(error).includes(part);

test('any nodes come back from their tree, and JSON.parse takes it too', () => {
  fc.assert(
    fc.property(nodesInOrder, (nodes) => {
      const json = encodeTree(nodes);
      assert.deepEqual(parseTree(json), nodes);
      assert.equal((JSON.parse(json.toString()) as { nodes: unknown[] }).nodes.length, nodes.length);
    }),
    { numRuns: 500 },
  );
});

test('a tree in pieces of any size gives the same nodes, and may be taken in pieces', () => {
  fc.assert(
    fc.property(
      nodesInOrder,
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
      (nodes, sizes) => {
        const encoder = new TreeEncoder();
        const taken = nodes.map((node) => {
          encoder.add(node);
          return encoder.take();
        });
        const json = Buffer.concat([...taken, encoder.finish()]);
        assert.deepEqual(json, encodeTree(nodes));

        const stream = new TreeStream();
        const got: Node[] = [];
        for (let at = 0, i = 0; at < json.length; i++) {
          const end = at + sizes[i % sizes.length]!;
          got.push(...stream.push(json.subarray(at, end)));
          at = end;
        }
        got.push(...stream.finish());
        assert.deepEqual(got, nodes);
      },
    ),
    { numRuns: 500 },
  );
});

test('a file of many blobs costs a stream no quadratic time', () => {
  const json = encodeTree([{ ...bare, content: new Uint8Array(32 * 300_000).fill(0xab) }]);
  const stream = new TreeStream();
  const start = performance.now();
  const nodes: Node[] = [];
  for (let at = 0; at < json.length; at += 4096) nodes.push(...stream.push(json.subarray(at, at + 4096)));
  nodes.push(...stream.finish());
  assert.equal(nodes[0]!.content!.length, 32 * 300_000);
  // trying at each of 5,000 pieces takes minutes
  assert.ok(performance.now() - start < 10_000);
});

test('left out are zero values alone; what is always there is always there', () => {
  assert.equal(
    encodeTree([{ ...bare, content: new Uint8Array(0) }]).toString(),
    '{"nodes":[{"name":"a","type":"file","mtime":"0001-01-01T00:00:00Z","atime":"0001-01-01T00:00:00Z",' +
      '"ctime":"0001-01-01T00:00:00Z","uid":0,"gid":0,"content":[]}]}\n',
  );
  assert.match(encodeTree([{ ...bare, type: 'dir' }]).toString(), /"gid":0,"content":null\}/);
  assert.equal(encodeTree([]).toString(), '{"nodes":[]}\n');
});

test('link targets that are no UTF-8 stand there twice', () => {
  const json = encodeTree([{ ...bare, type: 'symlink', linktarget: Uint8Array.of(0x2f, 0xff, 0xe2, 0x82) }]);
  assert.match(json.toString(), /"linktarget":"\/\\ufffd\\ufffd\\ufffd","linktarget_raw":"L\/\/igg=="/);
  const swapped = '{"nodes":[{"name":"a","linktarget_raw":"/w==","linktarget":"x"}]}';
  assert.deepEqual(parseTree(Buffer.from(swapped))[0]!.linktarget, Uint8Array.of(0xff));
});

test('names must ascend, once each, and not be empty', () => {
  const encoder = new TreeEncoder();
  encoder.add({ ...bare, name: Buffer.from('b') });
  assert.throws(() => encoder.add({ ...bare, name: Buffer.from('a') }), corrupt('"a" is out of order'));
  assert.throws(() => encoder.add({ ...bare, name: Buffer.from('b') }), corrupt('"b" stands twice'));
  assert.throws(() => encoder.add({ ...bare, name: Buffer.alloc(0) }), corrupt('without a name'));
  encoder.add({ ...bare, name: Uint8Array.of(0xff) });
  encoder.finish();
  encoder.add({ ...bare, name: Buffer.from('a') });
  assert.equal(parseTree(encoder.finish()).length, 1);
});

test('reading is as lenient as restic: white space, any order, unknown members, null for absent', () => {
  const json = ` { "version" : [1, {"a": [true, -1.5e+3, "x\\n"]}], "nodes" : [ {
    "future": {"nodes": []}, "content" : null, "type":"file" , "uid":null, "mtime":null,
    "extended_attributes":[{"value":null,"name":"user.a","more":1},{"name":"user.b","value":""},null],
    "inode":18446744073709551615, "name":"x", "\\u006eame":"last wins", "generic_attributes":{"a": [1]}
  } , {"name":"y","type":"novel","extended_attributes":null,"subtree":null,"user":"\\ud800"} ] , "after":null } \n`;
  const [x, y] = parseTree(Buffer.from(json));
  assert.equal(Buffer.from(x!.name).toString(), 'last wins');
  assert.deepEqual(x!.xattrs, [
    { name: 'user.a', value: absentValue },
    { name: 'user.b', value: new Uint8Array(0) },
    { name: '', value: absentValue },
  ]);
  assert.equal(x!.xattrs[0]!.value, absentValue);
  assert.notEqual(x!.xattrs[1]!.value, absentValue);
  assert.equal(x!.inode, 2n ** 64n - 1n);
  assert.equal(x!.genericAttributes, '{"a": [1]}');
  assert.deepEqual(x!.mtime, zeroTime);
  assert.ok(isNodeType(x!.type) && !isNodeType(y!.type));
  assert.equal(y!.user, '\ufffd');
  assert.deepEqual(parseTree(Buffer.from('{"nodes":null}')), []);
});

test('every fault is named', () => {
  const node = (members: string) => `{"nodes":[{"name":"a",${members}}]}\n`;
  const id = 'ab'.repeat(32);
  const faults: readonly (readonly [json: string, part: string])[] = [
    ['', 'unexpected end'],
    ['[]', "'{' expected"],
    ['{}', 'list of nodes expected'],
    ['{"nodes":{}}', "'[' expected"],
    ['{"nodes":[}', "'{' expected"],
    ['{"nodes":[]', 'unexpected end'],
    ['{"nodes":[]}}', 'something follows the end'],
    ['{"nodes":[{}{}]}', "',' or ']' expected"],
    ['{"nodes":[{},]}', 'value expected'],
    ['{"nodes":[{"name":"a\\q"}]}', 'bad escape'],
    ['{"nodes":[{"n\\ame":"a"}]}', 'bad escape'],
    ['{"nodes":[{"name":"a\\\\q"}]}', 'badly quoted name'],
    ['{"nodes":[{"name":"a\nb"}]}', 'control character'],
    ['{"nodes":[{"name":1}]}', "'\"' expected"],
    [node('"uid":-1'), 'whole number expected'],
    [node('"uid":1.5'), 'whole number expected'],
    [node('"uid":01'), 'number begins with a zero'],
    [node('"uid":4294967296'), 'too large'],
    [node('"size":9007199254740992'), 'too large'],
    [node('"inode":18446744073709551616'), 'too large'],
    [node('"inode":1e5'), 'whole number expected'],
    [node(`"inode":${'9'.repeat(100_000)}`), 'too large'],
    [node('"mtime":"yesterday"'), 'time in RFC 3339'],
    [node('"content":["abc"]'), 'id of 64 hex digits'],
    [node(`"content":["${id}" "${id}"]`), "',' or ']' expected"],
    [node(`"subtree":"${'zz'.repeat(32)}"`), 'id of 64 hex digits'],
    [node('"linktarget_raw":"a"'), 'bad base64'],
    [node('"generic_attributes":[]'), 'object expected'],
    [node('"x":1.'), 'value expected'],
    [node('"x":tru'), 'unknown literal'],
    [node('"x":"'), 'control character'],
    [node(`"x":${'['.repeat(10_001)}`), 'nesting is too deep'],
    [`{"nodes":${'['.repeat(1_000_000)}`, "'{' expected"],
  ];
  for (const [json, part] of faults) {
    assert.throws(() => parseTree(Buffer.from(json)), corrupt(part), json.slice(0, 60));
    const stream = new TreeStream();
    const streaming = () => {
      for (let at = 0; at < json.length; at += 7) stream.push(Buffer.from(json.slice(at, at + 7)));
      stream.finish();
    };
    if (json.length < 50_000) assert.throws(streaming, corrupt(part), json.slice(0, 60));
  }
});
