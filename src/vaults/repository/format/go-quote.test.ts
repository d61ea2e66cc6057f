import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ByteWriter } from '../../../kernel/bytes.ts';
import { toHex } from '../../../kernel/hex.ts';
import { unescapeJson, writeJsonBytes, writeJsonString, writeUint } from './go-json.ts';
import { unquoteName, writeQuotedName } from './go-quote.ts';

type Write = (w: ByteWriter, bytes: Uint8Array) => void;

function encoded(write: Write, bytes: Uint8Array): string {
  const w = new ByteWriter(0);
  write(w, bytes);
  return Buffer.from(w.take()).toString('utf8');
}

/** Every code point, and every pair of bytes, one after another. */
function hashOfEverything(write: Write): string {
  const hash = createHash('sha256');
  const w = new ByteWriter();
  for (let rune = 0; rune < 0x110000; rune++) {
    if (rune < 0xd800 || rune > 0xdfff) write(w, Buffer.from(String.fromCodePoint(rune)));
    if (w.length > 1 << 20) hash.update(w.take());
  }
  for (let pair = 0; pair < 65536; pair++) write(w, Uint8Array.of(pair >> 8, pair & 255));
  return hash.update(w.take()).digest('hex');
}

test('names are quoted as Go 1.26 quotes them, for every code point and every pair of bytes', () => {
  // from strconv.Quote and json.Marshal of Go itself
  const byGo = '254ea6894220e2c1fb7b71263703add426dbb98e3e2d70759ac46231616505bc';
  assert.equal(hashOfEverything(writeQuotedName), byGo);
});

test('JSON strings are escaped as Go 1.26 escapes them, for every code point and every pair of bytes', () => {
  const byGo = '0f998dce809300005f0e3e131996294f8d02e007591d6e0ccb948f94fe7da195';
  assert.equal(hashOfEverything(writeJsonBytes), byGo);
});

const byGo: readonly (readonly [hex: string, json: string])[] = [
  ['706c61696e', String.raw`"plain"`],
  ['6122625c63', String.raw`"a\\\"b\\\\c"`],
  ['3c7461673e26', String.raw`"\u003ctag\u003e\u0026"`],
  ['6e65770a6c696e6509746162077f', String.raw`"new\\nline\\ttab\\a\\x7f"`],
  ['636166e9', String.raw`"caf\\xe9"`],
  ['c3bce282acf09f9a80', String.raw`"ü€🚀"`],
  ['e280a8efbbbfc2a0c2ad', String.raw`"\\u2028\\ufeff\\u00a0\\u00ad"`],
  ['f3a08081f48fbfbf', String.raw`"\\U000e0001\\U0010ffff"`],
  ['eda080c0af', String.raw`"\\xed\\xa0\\x80\\xc0\\xaf"`],
  ['d89ccdb8', String.raw`"\\u061c\\u0378"`],
  ['27', String.raw`"'"`],
];

test('odd names read as Go writes them, and back', () => {
  for (const [hex, json] of byGo) {
    const name = Buffer.from(hex, 'hex');
    assert.equal(encoded(writeQuotedName, name), json);
    const inside = Buffer.from(json);
    const quoted = unescapeJson(inside, 1, inside.length - 1);
    assert.equal(toHex(unquoteName(quoted!)!), hex);
  }
});

test('any name comes back from its quoted form', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (name) => {
      const json = Buffer.from(encoded(writeQuotedName, name));
      const quoted = unescapeJson(json, 1, json.length - 1);
      assert.deepEqual(unquoteName(quoted!), name);
    }),
    { numRuns: 2000 },
  );
});

test('any text is a JSON string that JSON.parse reads back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const w = new ByteWriter(0);
      writeJsonString(w, text);
      const json = w.take();
      assert.equal(JSON.parse(Buffer.from(json).toString('utf8')), text);
      assert.deepEqual(Buffer.from(unescapeJson(json, 1, json.length - 1)!), Buffer.from(text));
    }),
  );
});

test('JSON escapes decode as JSON.parse decodes them; lone surrogates become U+FFFD', () => {
  const decode = (inside: string) => {
    const bytes = Buffer.from(inside);
    const text = unescapeJson(bytes, 0, bytes.length);
    return text && Buffer.from(text).toString('utf8');
  };
  assert.equal(decode(String.raw`\u00e9\ud83d\ude80\/\b\f\n\r\t\"\\`), 'é🚀/\b\f\n\r\t"\\');
  assert.equal(decode(String.raw`\ud83dx\ude80`), '\ufffdx\ufffd');
  assert.equal(decode(String.raw`\ud83d\ud83d\ude80`), '\ufffd🚀');
  for (const bad of ['\\', '\\x41', '\\u12', '\\u12g4', 'a"b', 'a\nb'])
    assert.equal(decode(bad), undefined, bad);
  assert.equal(
    Buffer.from(unescapeJson(Uint8Array.of(0xff, 0x41, 0xe2, 0x82), 0, 4)!).toString(),
    '\ufffdA\ufffd\ufffd',
  );
});

test('octal and short escapes of Go are understood, broken ones refused', () => {
  const unquote = (text: string) => {
    const bytes = unquoteName(Buffer.from(text));
    return bytes && Buffer.from(bytes).toString('latin1');
  };
  assert.equal(unquote(String.raw`\101\xff\a\v\"\\`), 'A\xff\x07\v"\\');
  for (const bad of ['\\', '\\x4', '\\400', '\\18', "\\'", '\\ud800', '\\U00110000', '"', 'a\nb', '\\q']) {
    assert.equal(unquote(bad), undefined, bad);
  }
});

test('numbers are written in decimal', () => {
  for (const value of [0, 9, 10, 99, 100, 0x7fffffff, 0x80000000, 0xffffffff, Number.MAX_SAFE_INTEGER]) {
    assert.equal(
      encoded((w) => writeUint(w, value), new Uint8Array(0)),
      String(value),
    );
  }
});
