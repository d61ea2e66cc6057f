/** Reads a node from a tree's JSON, as lenient as Go is: fields in any order, unknown ones skipped, null for absent. */
import { decodeBase64 } from './base64.ts';
import { unquoteName } from './go-quote.ts';
import { FieldTable, type JsonReader } from './json-reader.ts';
import { absentValue, type ExtendedAttribute, type Node, type NodeType, type Time } from './node.ts';
import { readTime, zeroTime } from './time.ts';

interface Field {
  readonly name: string;
  /** reads a value that is not null */
  read(r: JsonReader, node: Node): void;
}

const field = (name: string, read: Field['read']): Field => ({ name, read });
const noXattrs: readonly ExtendedAttribute[] = [];
const noBytes = new Uint8Array(0);
/** set while a node is read whose linktarget_raw came already: it wins over linktarget in any order */
let hasRawTarget = false;

/** In the order in which restic writes them: the next key is mostly the next of these. */
const fields: readonly Field[] = [
  field('name', (r, node) => void (node.name = readName(r))),
  field('type', (r, node) => void (node.type = readType(r))),
  field('mode', (r, node) => void (node.mode = readUint32(r))),
  field('mtime', (r, node) => void (node.mtime = readTimeText(r))),
  field('atime', (r, node) => void (node.atime = readTimeText(r))),
  field('ctime', (r, node) => void (node.ctime = readTimeText(r))),
  field('uid', (r, node) => void (node.uid = readUint32(r))),
  field('gid', (r, node) => void (node.gid = readUint32(r))),
  field('user', (r, node) => void (node.user = users.read(r))),
  field('group', (r, node) => void (node.group = groups.read(r))),
  field('inode', (r, node) => void (node.inode = r.readBigUint())),
  field('device_id', (r, node) => void (node.deviceId = r.readBigUint())),
  field('size', (r, node) => void (node.size = r.readUint())),
  field('links', (r, node) => void (node.links = r.readUint())),
  field('linktarget', (r, node) => {
    r.readString();
    if (!hasRawTarget) node.linktarget = r.text();
  }),
  field('linktarget_raw', (r, node) => {
    node.linktarget = readBase64(r);
    hasRawTarget = true;
  }),
  field('extended_attributes', (r, node) => void (node.xattrs = readXattrs(r))),
  field('generic_attributes', (r, node) => {
    if (r.peek() !== 0x7b) r.fail('object expected');
    const start = r.pos;
    r.skipValue();
    node.genericAttributes = decode(r.bytes.subarray(start, r.pos));
  }),
  field('device', (r, node) => void (node.device = r.readBigUint())),
  field('content', (r, node) => void (node.content = readContent(r))),
  field('subtree', (r, node) => {
    node.subtree = new Uint8Array(32);
    r.readId(node.subtree, 0);
  }),
  field('error', (r, node) => void (node.error = readText(r))),
];

const table = new FieldTable(fields.map((known) => known.name));

/** Reads one node; every array in it has memory of its own. Code `corrupt`. */
export function parseNode(r: JsonReader): Node {
  const node: Node = {
    name: noBytes,
    type: '' as NodeType,
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
    xattrs: noXattrs,
    genericAttributes: undefined,
    device: 0n,
    content: undefined,
    subtree: undefined,
    error: '',
  };
  hasRawTarget = false;
  r.expect(0x7b);
  let expected = 0;
  for (let first = true; r.next(0x7d, first); first = false) {
    const index = r.readField(table, expected);
    if (index < 0) {
      r.skipValue();
    } else {
      if (!r.tryNull()) fields[index]!.read(r, node);
      expected = index + 1;
    }
  }
  return node;
}

function readName(r: JsonReader): Uint8Array {
  r.readString();
  const text = r.text();
  // without an escape in JSON there can be none within, nor a quote
  if (r.plain) return text;
  return unquoteName(text) ?? r.failAt(r.textStart, 'badly quoted name');
}

const nodeTypes = ['file', 'dir', 'symlink', 'dev', 'chardev', 'fifo', 'socket', 'irregular'] as const;

/** A type that restic does not have is kept as it stands: one strange node must not cost the others of its tree. */
function readType(r: JsonReader): NodeType {
  r.readString();
  const { bytes, textStart: start } = r;
  const count = r.textEnd - start;
  for (const type of nodeTypes) {
    if (type.length !== count) continue;
    let i = 0;
    while (i < count && bytes[start + i] === type.charCodeAt(i)) i++;
    if (i === count) return type;
  }
  return decode(r.text()) as NodeType;
}

/** True for the types that restic knows. */
export function isNodeType(type: string): type is NodeType {
  return (nodeTypes as readonly string[]).includes(type);
}

function readUint32(r: JsonReader): number {
  const value = r.readUint();
  if (value > 0xffff_ffff) r.fail('number is too large');
  return value;
}

function readTimeText(r: JsonReader): Time {
  r.readString();
  return readTime(r.bytes, r.textStart, r.textEnd) ?? r.failAt(r.textStart, 'time in RFC 3339 expected');
}

function readText(r: JsonReader): string {
  r.readString();
  return decode(r.text());
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}

/** The last text of a field: users and groups repeat from node to node. */
function createTextCache(): { read(r: JsonReader): string } {
  let last = noBytes;
  let text = '';
  return {
    read(r) {
      r.readString();
      const { bytes, textStart: start } = r;
      const count = r.textEnd - start;
      let i = count === last.length ? 0 : -1;
      if (i === 0) while (i < count && bytes[start + i] === last[i]) i++;
      if (i !== count) {
        last = bytes.slice(start, r.textEnd);
        text = decode(r.text());
      }
      return text;
    },
  };
}
const users = createTextCache();
const groups = createTextCache();

function readBase64(r: JsonReader): Uint8Array {
  r.readString();
  return decodeBase64(r.text()) ?? r.failAt(r.textStart, 'bad base64');
}

const xattrFields = new FieldTable(['name', 'value']);

function readXattrs(r: JsonReader): ExtendedAttribute[] {
  const xattrs: ExtendedAttribute[] = [];
  r.expect(0x5b);
  for (let first = true; r.next(0x5d, first); first = false) {
    let name = '';
    let value = absentValue;
    if (!r.tryNull()) {
      r.expect(0x7b);
      for (let firstKey = true; r.next(0x7d, firstKey); firstKey = false) {
        const index = r.readField(xattrFields, 0);
        if (index < 0) r.skipValue();
        else if (r.tryNull()) continue;
        else if (index === 0) name = readText(r);
        else value = readBase64(r);
      }
    }
    xattrs.push({ name, value });
  }
  return xattrs;
}

let idScratch = new Uint8Array(32 * 64);

function readContent(r: JsonReader): Uint8Array {
  r.expect(0x5b);
  let length = 0;
  for (let first = true; r.next(0x5d, first); first = false) {
    if (length === idScratch.length) {
      const grown = new Uint8Array(length * 2);
      grown.set(idScratch);
      idScratch = grown;
    }
    r.readId(idScratch, length);
    length += 32;
  }
  return length === 0 ? noBytes : idScratch.slice(0, length);
}
