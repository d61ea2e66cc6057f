import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '../../kernel/errors.ts';
import { escapeXml, parseListPage, parseVersionsPage, textOf } from './xml.ts';

const list = (inside: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inside}</ListBucketResult>`;
const contents = (key: string, size: string | number = 5): string =>
  `<Contents><Key>${key}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&#34;abc&#34;</ETag><Size>${size}</Size><Owner><ID>x</ID><DisplayName>Key</DisplayName></Owner><StorageClass>STANDARD</StorageClass></Contents>`;

describe('parseListPage', () => {
  it('reads keys, sizes and times', () => {
    const page = parseListPage(
      list(
        `<Name>b</Name><IsTruncated>false</IsTruncated>${contents('a/b')}${contents('c &amp; &lt;d&gt; &#x41;&#66;', 0)}`,
      ),
    );
    const modified = Date.UTC(2026, 0, 2, 3, 4, 5);
    assert.deepEqual(page.keys, [
      { key: 'a/b', size: 5, modified },
      { key: 'c & <d> AB', size: 0, modified },
    ]);
    assert.equal(page.next, undefined);
  });

  it('decodes keys that the server has encoded', () => {
    const page = parseListPage(list(`<EncodingType>url</EncodingType>${contents('a+b%2Bc%C3%BC%26amp')}`));
    assert.equal(page.keys[0]!.key, 'a b+cü&amp');
  });

  it('finds the next page by token, by marker, or by the last key', () => {
    const more = '<IsTruncated>true</IsTruncated>';
    assert.equal(
      parseListPage(list(`${more}<NextContinuationToken>t&amp;k</NextContinuationToken>`)).next,
      't&k',
    );
    assert.equal(parseListPage(list(`${more}<NextMarker>m</NextMarker>${contents('x')}`)).next, 'm');
    assert.equal(parseListPage(list(`${more}${contents('x')}${contents('y')}`)).next, 'y');
  });

  it('finds an empty page empty', () => {
    assert.deepEqual(parseListPage(list('<IsTruncated>false</IsTruncated>')), { keys: [], next: undefined });
  });

  it('refuses what is no listing', () => {
    const bad = [
      '',
      '<html></html>',
      list('<Contents><Key>x</Key>'),
      list('<Contents><Size>1</Size></Contents>'),
      list(contents('x', 'many')),
      list('<IsTruncated>true</IsTruncated>'),
      list(`<EncodingType>url</EncodingType>${contents('%zz')}`),
    ];
    for (const text of bad) {
      assert.throws(
        () => parseListPage(text),
        (error) => error instanceof HoldfastError && error.code === 'corrupt',
        text,
      );
    }
  });

  it('reads a page of a thousand keys in a moment', () => {
    const text = list(Array.from({ length: 1000 }, (_, i) => contents(`data/ab/${i}`)).join(''));
    const begun = performance.now();
    for (let i = 0; i < 20; i++) parseListPage(text);
    const each = (performance.now() - begun) / 20;
    assert.ok(each < 20, `${each} ms`);
  });
});

describe('text in XML', () => {
  it('is found and escaped', () => {
    assert.equal(textOf('<a><Code>X</Code></a>', 'Code'), 'X');
    assert.equal(textOf('<a><Code>X', 'Code'), undefined);
    assert.equal(textOf('<a/>', 'Code'), undefined);
    assert.equal(textOf(`<k>${escapeXml('<&>"')}</k>`, 'k'), '<&>"');
  });
});

describe('parseVersionsPage', () => {
  const page = (inside: string): string => `<ListVersionsResult>${inside}</ListVersionsResult>`;
  const time = '<LastModified>2026-01-02T03:04:05.000Z</LastModified>';
  const version = (id: string, latest: boolean): string =>
    `<Version><Key>a+b</Key><VersionId>${id}</VersionId><IsLatest>${latest}</IsLatest>${time}<Size>5</Size></Version>`;
  const marker = `<DeleteMarker><Key>a+b</Key><VersionId>m</VersionId><IsLatest>true</IsLatest>${time}</DeleteMarker>`;

  it('reads versions and delete markers in their order, and where the next page begins', () => {
    const next = '<NextKeyMarker>a+b</NextKeyMarker><NextVersionIdMarker>2</NextVersionIdMarker>';
    const inside = `<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>${next}`;
    const found = parseVersionsPage(
      page(`${inside}${marker}${version('2', false)}${version('null', false)}`),
    );
    const modified = Date.UTC(2026, 0, 2, 3, 4, 5);
    const object = { key: 'a b', modified, isCurrent: false, isDeletion: false, size: 5 };
    assert.deepEqual(found.versions, [
      { ...object, version: 'm', isCurrent: true, isDeletion: true, size: 0 },
      { ...object, version: '2' },
      { ...object, version: 'null' },
    ]);
    assert.deepEqual(found.next, { key: 'a b', version: '2' });
    assert.equal(parseVersionsPage(page(version('1', true))).next, undefined);
  });

  it('refuses what is none, is cut short, or lacks something', () => {
    const code = (expected: string) => (error: unknown) =>
      error instanceof HoldfastError && error.code === expected;
    const whole = page(version('1', true));
    assert.throws(() => parseVersionsPage(list('')), code('corrupt'));
    assert.throws(() => parseVersionsPage(whole.slice(0, -4)), code('truncated'));
    assert.throws(() => parseVersionsPage(whole.replace('<Size>5</Size>', '')), code('corrupt'));
    assert.throws(() => parseVersionsPage(whole.replace('<VersionId>1</VersionId>', '')), code('corrupt'));
    assert.throws(() => parseVersionsPage(page('<IsTruncated>true</IsTruncated>')), code('corrupt'));
  });
});
