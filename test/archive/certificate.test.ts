/** Certificates of drills of archives: unsigned, and saying so, or signed with a key of the user's own. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { newUser } from '../cli/run.ts';
import { runProgram } from '../support/program.ts';
import { skipWithout, toolPath } from '../support/tools.ts';

test('drills of archives are certified', { skip: skipWithout('openssl') }, async (t) => {
  const user = newUser(t);
  const at = (name: string): string => join(user.home, name);
  mkdirSync(at('www'));
  writeFileSync(at('www/index.html'), 'hello');
  const archive = ['-r', `archive:${at('archive')}`];
  await user.run([...archive, 'backup', '--host', 'web', 'www']);

  const { stdout } = await user.run([...archive, 'drill', 'latest']);
  const [, json] = /^certificate: (.*\.json) \(not signed: /m.exec(stdout)!;
  const certificate = JSON.parse(readFileSync(json!, 'utf8')) as Record<string, unknown>;
  assert.equal(certificate['signature'], null);
  assert.equal(certificate['result'], 'proven');
  assert.equal(certificate['archive'], at('archive'));
  const { file, sha256, hostname } = certificate['snapshot'] as Record<string, string>;
  const { stdout: sum } = await runProgram('sha256sum', [join(at('archive'), file!)]);
  assert.ok(sum.startsWith(`${sha256} `));
  assert.equal(hostname, 'web');
  const text = readFileSync(json!.replace(/json$/, 'txt'), 'utf8');
  assert.match(text, /^PROVEN: /m);
  assert.match(text, /^This certificate is not signed: /m);
  const verify = ['drill', '--verify-certificate'];
  const unsigned = await user.run([...archive, ...verify, json!], { expect: 1 });
  assert.match(unsigned.stderr, /an archive has no key of its own/);

  const key = at('key.pem');
  await runProgram(toolPath('openssl'), ['genpkey', '-algorithm', 'ed25519', '-out', key]);
  const signing = ['--signing-key', key];
  const refused = await user.run([...archive, ...verify, json!, ...signing], { expect: 1 });
  assert.match(refused.stderr, /the certificate is not signed/);
  await user.run([...archive, 'drill', 'latest', ...signing, '--certificate', at('signed')]);
  const files = readdirSync(at('signed')).map((name) => at(`signed/${name}`));
  const signed = files.find((name) => name.endsWith('.json'))!;
  assert.doesNotMatch(readFileSync(signed.replace(/json$/, 'txt'), 'utf8'), /not signed/);
  const genuine = await user.run([...archive, ...verify, signed, ...signing]);
  const [, publicKey] = /^genuine: signed by this key, public key (\S+)$/m.exec(genuine.stdout)!;
  await user.run([...verify, signed, '--public-key', publicKey!]);
  const keyless = await user.run([...verify, signed], { expect: 10 });
  assert.match(
    keyless.stderr,
    /\nhint: name the key .* with --public-key or --signing-key, or its repository/,
  );
  writeFileSync(signed, readFileSync(signed, 'utf8').replace('proven', 'differs'));
  await user.run([...verify, signed, '--public-key', publicKey!], { expect: 1 });

  writeFileSync(at('no-key'), 'none');
  const { stderr } = await user.run([...archive, 'drill', 'latest', '--signing-key', at('no-key')], {
    expect: 1,
  });
  assert.match(stderr, /no-key has no private key that could be read/);
});

test('a job certifies what it drilled in an archive', { skip: skipWithout('openssl') }, async (t) => {
  const user = newUser(t);
  const at = (name: string): string => join(user.home, name);
  mkdirSync(at('.config/holdfast'), { recursive: true });
  mkdirSync(at('www'));
  await runProgram(toolPath('openssl'), ['genpkey', '-algorithm', 'ed25519', '-out', at('key.pem')]);
  writeFileSync(
    at('.config/holdfast/holdfast.yaml'),
    [
      'version: 1',
      'sources: { www: { paths: ~/www } }',
      'vaults: { plain: { archive: ~/archive } }',
      'jobs:',
      '  nightly:',
      '    sources: www',
      '    vaults: plain',
      '    drill: { certificates: ~/audit, signing-key: ~/key.pem }',
    ].join('\n'),
  );
  await user.run(['run', 'nightly']);
  const json = readdirSync(at('audit')).find((name) => name.endsWith('.json'))!;
  await user.run(['drill', '--verify-certificate', at(`audit/${json}`), '--signing-key', at('key.pem')]);
});
