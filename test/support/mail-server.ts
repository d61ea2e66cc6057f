/** A mail server of the test's own, and a certificate for servers of 127.0.0.1. */
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { makeCertificate } from './certificate.ts';
import { type Cleanup, tempFolder } from './temp.ts';

export interface TestCertificate {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** who signed it */
  readonly authority: string;
}

export async function testCertificate(t: Cleanup): Promise<TestCertificate> {
  const folder = tempFolder(t);
  const authority = await makeCertificate(folder);
  return { certificateFile: join(folder, 'public.crt'), keyFile: join(folder, 'private.key'), authority };
}

interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** headers and text as they came */
  readonly content: string;
  readonly encrypted: boolean;
  readonly user: string | undefined;
}

export interface MailServerOptions {
  readonly certificate?: TestCertificate;
  /** TLS from the first byte; otherwise STARTTLS is offered when there is a certificate */
  readonly implicit?: boolean;
  /** who may log in; nobody needs to without it */
  readonly login?: { readonly user: string; readonly password: string };
}

export interface TestMailServer {
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
}

export async function startMailServer(t: Cleanup, options: MailServerOptions = {}): Promise<TestMailServer> {
  const { certificate, implicit = false, login } = options;
  const mails: ReceivedMail[] = [];
  const server = new SMTPServer({
    secure: implicit,
    logger: false,
    authOptional: login === undefined,
    ...(certificate && {
      key: readFileSync(certificate.keyFile),
      cert: readFileSync(certificate.certificateFile),
    }),
    disabledCommands: [
      ...(certificate === undefined ? ['STARTTLS'] : []),
      ...(login === undefined ? ['AUTH'] : []),
    ],
    onAuth({ username, password }, _session, done) {
      if (username === login?.user && password === login?.password) done(null, { user: username });
      else done(new Error('no such user'));
    },
    onData(stream, session, done) {
      text(stream).then(
        (content) => {
          const { mailFrom, rcptTo } = session.envelope;
          mails.push({
            from: mailFrom ? mailFrom.address : '',
            to: rcptTo.map(({ address }) => address),
            content,
            encrypted: session.secure,
            user: session.user === undefined ? undefined : String(session.user),
          });
          done();
        },
        (error: Error) => done(error),
      );
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: (server.server.address() as AddressInfo).port, mails };
}
