/** Writes a node as restic does: Go's field order, escapes and left-out zero values decide the hash of a tree. */
import { isUtf8 } from 'node:buffer';
import type { ByteWriter } from '../../../kernel/bytes.ts';
import { writeHex } from '../../../kernel/hex.ts';
import { writeBase64 } from './base64.ts';
import { writeBigUint, writeJsonBytes, writeJsonString, writeUint } from './go-json.ts';
import { writeQuotedName } from './go-quote.ts';
import { absentValue, type Node, type Time } from './node.ts';
import { maxTimeLength, putTime } from './time.ts';

const ascii = (text: string) => new TextEncoder().encode(text);
const key = {
  name: ascii('{"name":'),
  type: ascii(',"type":'),
  mode: ascii(',"mode":'),
  mtime: ascii(',"mtime":"'),
  atime: ascii('","atime":"'),
  ctime: ascii('","ctime":"'),
  uid: ascii('","uid":'),
  gid: ascii(',"gid":'),
  user: ascii(',"user":'),
  group: ascii(',"group":'),
  inode: ascii(',"inode":'),
  deviceId: ascii(',"device_id":'),
  size: ascii(',"size":'),
  links: ascii(',"links":'),
  linktarget: ascii(',"linktarget":'),
  linktargetRaw: ascii(',"linktarget_raw":"'),
  xattrs: ascii(',"extended_attributes":['),
  xattrName: ascii('{"name":'),
  xattrValue: ascii(',"value":'),
  genericAttributes: ascii(',"generic_attributes":'),
  device: ascii(',"device":'),
  content: ascii(',"content":'),
  subtree: ascii(',"subtree":"'),
  error: ascii(',"error":'),
};
const nullText = ascii('null');

/** Writes the JSON of one node, without anything around it. */
export function encodeNode(w: ByteWriter, node: Node): void {
  encodeNodeHead(w, node);
  encodeNodeRest(w, node);
}

/** The fields up to `links`: all that stat tells of an entry. */
export function encodeNodeHead(w: ByteWriter, node: Node): void {
  w.writeBytes(key.name);
  writeQuotedName(w, node.name);
  w.writeBytes(key.type);
  writeJsonString(w, node.type);
  if (node.mode !== 0) {
    w.writeBytes(key.mode);
    writeUint(w, node.mode);
  }
  w.writeBytes(key.mtime);
  writeTime(w, node.mtime);
  w.writeBytes(key.atime);
  writeTime(w, node.atime);
  w.writeBytes(key.ctime);
  writeTime(w, node.ctime);
  w.writeBytes(key.uid);
  writeUint(w, node.uid);
  w.writeBytes(key.gid);
  writeUint(w, node.gid);
  if (node.user !== '') {
    w.writeBytes(key.user);
    writeJsonString(w, node.user);
  }
  if (node.group !== '') {
    w.writeBytes(key.group);
    writeJsonString(w, node.group);
  }
  if (node.inode !== 0n) {
    w.writeBytes(key.inode);
    writeBigUint(w, node.inode);
  }
  if (node.deviceId !== 0n) {
    w.writeBytes(key.deviceId);
    writeBigUint(w, node.deviceId);
  }
  if (node.size !== 0) {
    w.writeBytes(key.size);
    writeUint(w, node.size);
  }
  if (node.links !== 0) {
    w.writeBytes(key.links);
    writeUint(w, node.links);
  }
}

function encodeNodeRest(w: ByteWriter, node: Node): void {
  if (node.linktarget !== undefined && node.linktarget.length > 0) writeLinkTarget(w, node.linktarget);
  if (node.xattrs.length > 0) writeXattrs(w, node);
  if (node.genericAttributes !== undefined) {
    w.writeBytes(key.genericAttributes);
    w.writeBytes(Buffer.from(node.genericAttributes, 'utf8'));
  }
  if (node.device !== 0n) {
    w.writeBytes(key.device);
    writeBigUint(w, node.device);
  }
  w.writeBytes(key.content);
  if (node.content === undefined) w.writeBytes(nullText);
  else writeIds(w, node.content);
  if (node.subtree !== undefined) {
    w.writeBytes(key.subtree);
    writeHex(w.reserve(65), w.length, node.subtree, 0, 32);
    w.length += 64;
    w.writeByte(0x22);
  }
  if (node.error !== '') {
    w.writeBytes(key.error);
    writeJsonString(w, node.error);
  }
  w.writeByte(0x7d);
}

function writeTime(w: ByteWriter, time: Time): void {
  w.length = putTime(w.reserve(maxTimeLength), w.length, time);
}

function writeLinkTarget(w: ByteWriter, target: Uint8Array): void {
  w.writeBytes(key.linktarget);
  writeJsonBytes(w, target);
  if (isUtf8(target)) return;
  w.writeBytes(key.linktargetRaw);
  writeBase64(w, target);
  w.writeByte(0x22);
}

function writeXattrs(w: ByteWriter, node: Node): void {
  w.writeBytes(key.xattrs);
  for (let i = 0; i < node.xattrs.length; i++) {
    const { name, value } = node.xattrs[i]!;
    if (i > 0) w.writeByte(0x2c);
    w.writeBytes(key.xattrName);
    writeJsonString(w, name);
    w.writeBytes(key.xattrValue);
    if (value === absentValue) {
      w.writeBytes(nullText);
    } else {
      w.writeByte(0x22);
      writeBase64(w, value);
      w.writeByte(0x22);
    }
    w.writeByte(0x7d);
  }
  w.writeByte(0x5d);
}

/** `["hex","hex"]` */
function writeIds(w: ByteWriter, ids: Uint8Array): void {
  const count = ids.length / 32;
  const buffer = w.reserve(count * 67 + 2);
  let at = w.length;
  buffer[at++] = 0x5b;
  for (let i = 0; i < count; i++) {
    if (i > 0) buffer[at++] = 0x2c;
    buffer[at++] = 0x22;
    writeHex(buffer, at, ids, i * 32, 32);
    at += 64;
    buffer[at++] = 0x22;
  }
  buffer[at++] = 0x5d;
  w.length = at;
}
