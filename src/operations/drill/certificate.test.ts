import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeRepository } from '../../../test/support/engine.ts';
import { tempFolder } from '../../../test/support/temp.ts';
import { requireTool } from '../../../test/support/tools.ts';
import { hasCode } from '../../kernel/errors.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import {
  type Certificate,
  publicKeyOf,
  signCertificate,
  signingKeyOf,
  verifyCertificate,
} from './certificate.ts';
import { certificateText } from './certificate-text.ts';

const certificate: Certificate = {
  version: 1,
  result: 'differs',
  differences: ['the table \u001b[31mx\n "signature": "none" is missing'],
  notes: [],
  repository: 'r',
  snapshot: {
    id: 'a'.repeat(64),
    time: '2026-01-02T03:04:05Z',
    hostname: 'h',
    paths: ['/postgres/h/d'],
    tree: 't',
  },
  kind: 'postgres',
  drill: {
    ...{
      program: 'holdfast',
      hostname: 'h',
      started: '2026-01-02T03:04:05Z',
      finished: '2026-01-02T03:04:06Z',
    },
    seconds: { restore: 1.5 },
  },
  compared: { tables: 1 },
  tables: [{ schema: 'public', name: 'x', rows: 1, checksum: '0', same: false }],
  queries: [],
};

test('a certificate is known by its repository, and any change of it is noticed', async () => {
  await using repository = await makeRepository(createMemoryStorage());
  await using other = await makeRepository(createMemoryStorage());
  const text = signCertificate(certificate, signingKeyOf(repository));
  const key = publicKeyOf(signingKeyOf(repository));
  assert.deepEqual(verifyCertificate(text, key), { certificate, publicKey: key });
  const refused = (changed: string, by: string): void =>
    assert.throws(
      () => verifyCertificate(changed, by),
      (error) => hasCode(error, 'corrupt'),
    );
  refused(text, publicKeyOf(signingKeyOf(other)));
  refused(text.replace(key, publicKeyOf(signingKeyOf(other))), publicKeyOf(signingKeyOf(other)));
  refused(text.replace('differs', 'proven'), key);
  refused(`${text}\n`, key);
  refused(text.replace(/\n "signature.*/, ''), key);
  refused(text.replace(key, 'none'), 'none');
  refused('{}', key);
  refused('', key);
});

test('OpenSSL alone verifies it', async (t) => {
  const openssl = requireTool(t, 'openssl');
  if (openssl === undefined) return;
  await using repository = await makeRepository(createMemoryStorage());
  const folder = tempFolder(t);
  const text = signCertificate(certificate, signingKeyOf(repository));
  const at = (name: string): string => join(folder, name);
  writeFileSync(
    at('signed'),
    text
      .split('\n')
      .filter((line) => !line.startsWith(' "signature"'))
      .join('\n'),
  );
  writeFileSync(at('signature'), Buffer.from(/^ "signature": "(.*)",$/m.exec(text)![1]!, 'base64'));
  const der = Buffer.concat([
    Buffer.from('302a300506032b6570032100', 'hex'),
    Buffer.from(publicKeyOf(signingKeyOf(repository)), 'base64'),
  ]);
  writeFileSync(
    at('key'),
    `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`,
  );
  const verify = () =>
    spawnSync(openssl, [
      'pkeyutl',
      '-verify',
      '-pubin',
      '-inkey',
      at('key'),
      '-rawin',
      '-in',
      at('signed'),
      '-sigfile',
      at('signature'),
    ]);
  const verified = verify();
  assert.equal(verified.status, 0, verified.stderr.toString());
  writeFileSync(at('signed'), 'x');
  assert.notEqual(verify().status, 0);
});

test('the text has all that was found, and nothing that a terminal obeys', () => {
  const text = certificateText(certificate, true);
  assert.match(text, /^DIFFERS: /m);
  assert.match(text, /took {11}restore 1\.5 s\n/);
  assert.match(text, /the table \\u001b\[31mx\\n "signature": "none" is missing\n/);
  assert.match(text, /DIFFERS {2}0 {11}1 rows {2}public\.x\n/);
  const [table] = certificate.tables;
  const counted = { ...certificate, tables: [{ ...table!, same: true, counted: true as const }] };
  assert.match(certificateText(counted, true), /counted {2}0 {11}1 rows {2}public\.x\n/);
});

test('a dump that could be compared with nothing is not said to be what was backed up', () => {
  const head = (proof: Certificate['proof']) =>
    certificateText(
      { ...certificate, result: 'proven', differences: [], ...(proof && { proof }) },
      true,
    ).split('\n')[1]!;
  assert.match(head('restored'), /^RESTORED: .*nothing tells what should have come back$/);
  assert.equal(head('compared'), 'PROVEN: what was restored is what was backed up');
  assert.equal(head(undefined), head('compared'), 'one of an older release');
});

test('queries that were answered otherwise are no damage', () => {
  const query = { name: 'many', sql: 'select 1', expected: ['2'], passed: false, got: '1' };
  const differences = ['the query "many" gives: 1'];
  const asked = { ...certificate, differences, queries: [query] };
  assert.match(
    certificateText(asked, true),
    /^DIFFERS: what was restored is what was backed up, and queries /m,
  );
  const both = { ...asked, differences: [...differences, 'public.x is missing'] };
  assert.match(certificateText(both, true), /^DIFFERS: what was restored is not what was backed up$/m);
});
