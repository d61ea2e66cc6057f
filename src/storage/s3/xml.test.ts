import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '../../kernel/errors.ts';
import { escapeXml, parseListPage, textOf } from './xml.ts';

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
