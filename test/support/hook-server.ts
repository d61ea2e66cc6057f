/** A receiver of webhooks: keeps what is posted to it, and answers as it is told. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TestCertificate } from './mail-server.ts';
import type { Cleanup } from './temp.ts';

interface ReceivedPost {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HookServer {
  readonly url: string;
  readonly posts: readonly ReceivedPost[];
  /** statuses of the next answers; 200 after them */
  readonly answers: number[];
}

export async function startHookServer(t: Cleanup, certificate?: TestCertificate): Promise<HookServer> {
  const posts: ReceivedPost[] = [];
  const answers: number[] = [];
  const server = certificate
    ? createSecureServer({
        key: readFileSync(certificate.keyFile),
        cert: readFileSync(certificate.certificateFile),
      })
    : createServer();
  server.on('request', (request, response) => {
    void text(request).then((body) => {
      posts.push({ method: request.method, path: request.url, headers: request.headers, body });
      const status = answers.shift() ?? 200;
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {});
      response.end(status === 200 ? 'thanks' : 'no luck');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `${certificate ? 'https' : 'http'}://127.0.0.1:${port}/hook/s3cret-path`, posts, answers };
}
