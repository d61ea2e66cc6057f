/** A certificate for a server of the test's own on 127.0.0.1, signed by an authority that nobody knows yet. */
import { join } from 'node:path';
import { runProgram } from './program.ts';
import { toolPath } from './tools.ts';

/** Writes `public.crt` and `private.key` into the folder, and answers the path of the authority's PEM file. */
export async function makeCertificate(folder: string): Promise<string> {
  const authority = join(folder, 'authority.pem');
  const openssl = (...args: string[]): Promise<unknown> =>
    runProgram(toolPath('openssl'), args, { cwd: folder });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'authority.key',
    '-out',
    authority,
    '-days',
    '2',
    '-subj',
    '/CN=Test authority',
  );
  await openssl(
    ...[
      'req',
      '-x509',
      ...key,
      '-keyout',
      'private.key',
      '-out',
      'public.crt',
      '-days',
      '2',
      '-subj',
      '/CN=127.0.0.1',
    ],
    ...['-CA', authority, '-CAkey', 'authority.key', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:s3.test'],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
  );
  return authority;
}
