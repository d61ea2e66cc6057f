/** A MinIO of the test's own, on a free loopback port, with its data in a temporary folder. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from './certificate.ts';
import { runProgram } from './program.ts';
import type { S3Server } from './s3-server.ts';
import { answers, freePort, startServer } from './server.ts';
import { removeTree } from './temp.ts';
import { toolPath } from './tools.ts';

export interface MinioOptions {
  /** speak TLS with a certificate of a new authority, whose PEM file is the server's `ca` */
  readonly tls?: boolean;
  /** the region that the server insists on; by default it takes any */
  readonly region?: string;
}

/** Starts MinIO; it answers within a few seconds. */
export async function startMinio(options: MinioOptions = {}): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-minio-'));
  const data = join(folder, 'data');
  const certificates = join(folder, 'certs');
  mkdirSync(data);
  mkdirSync(certificates);
  const ca = options.tls === true ? await makeCertificate(certificates) : undefined;
  const port = await freePort();
  const accessKey = 'holdfast-test';
  const secretKey = 'holdfast-test-secret';
  const endpoint = `${ca === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  try {
    const server = await startServer({
      command: toolPath('minio'),
      args: ['server', data, '--address', `127.0.0.1:${port}`, '--certs-dir', certificates, '--quiet'],
      env: {
        MINIO_ROOT_USER: accessKey,
        MINIO_ROOT_PASSWORD: secretKey,
        MINIO_BROWSER: 'off',
        MINIO_UPDATE: 'off',
        MINIO_CI_CD: 'true',
        ...(options.region === undefined ? {} : { MINIO_REGION: options.region }),
        HOME: folder,
      },
      ready: () => isLive(endpoint, ca),
    });
    return {
      endpoint,
      accessKey,
      secretKey,
      region: options.region ?? 'us-east-1',
      ...(ca === undefined ? {} : { ca }),
      async stop() {
        await server.stop();
        removeTree(folder);
      },
    };
  } catch (error) {
    removeTree(folder);
    throw error;
  }
}

async function isLive(endpoint: string, ca: string | undefined): Promise<boolean> {
  const url = `${endpoint}/minio/health/cluster`;
  // it answers before it can make buckets, and says so by status 503
  if (ca === undefined) return (await answers(url, 200)) && (await answers(endpoint, 403));
  const result = await runProgram('curl', ['-sf', '--cacert', ca, url], { expect: 'any', timeout: 5_000 });
  return result.status === 0;
}
