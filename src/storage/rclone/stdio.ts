/**
 * An rclone on another machine, as restic has it: `-o rclone.program="ssh host ..."` runs there what speaks restic's REST
 * protocol over its standard input and output, in HTTP/2. The other side may permit nothing else, and append alone.
 */
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { connect } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { basename } from 'node:path';
import { Duplex, Readable } from 'node:stream';
import type { Writable } from 'node:stream';
import { HoldfastError, messageOf, throwIfAborted } from '../../kernel/errors.ts';
import { splitShellWords } from '../../kernel/shell-words.ts';
import { concatenate } from '../body.ts';
import type { Environment } from '../http/proxy.ts';
import type { HttpResponse } from '../http/send.ts';
import { createGate, paceBody } from '../limit.ts';
import type { Limits } from '../limit.ts';
import type { RestCall, RestClient } from '../rest/client.ts';
import { refusalError } from '../rest/errors.ts';
import type { RestPlace } from '../rest/errors.ts';
import { plainWords } from './errors.ts';

export interface StdioOptions {
  /** as rclone takes it */
  readonly remote: string;
  /** for people */
  readonly location: string;
  readonly environment: Environment;
  readonly program: string;
  readonly args: string | undefined;
  /** requests at the same time */
  readonly connections: number;
  /** milliseconds without a byte after which a request has failed */
  readonly timeout: number;
  readonly limits: Limits;
}

/** What restic runs. */
const usualArgs = 'serve restic --stdio --b2-hard-delete';
const keptWords = 4096;
/** What is left to the other side to end by itself, milliseconds. */
const graceMs = 3000;
/** For the last words of a program that has ended: others may hold its output, as a shared connection of ssh does. */
const momentMs = 300;

/** True for a program that runs rclone elsewhere. */
export function runsElsewhere(program: string | undefined): boolean {
  return (
    program !== undefined && /^(?:ssh|plink)(?:\.exe)?$/.test(basename(splitShellWords(program)[0] ?? ''))
  );
}

interface Connection {
  readonly session: ClientHttp2Session;
  /** how the program ended, with its last words; undefined as long as it runs */
  ended(): string | undefined;
  close(): Promise<void>;
}

/** The program is started by the first call, and again by the next one when it has ended. */
export function createStdioClient(options: StdioOptions): RestClient {
  const { location, limits, timeout } = options;
  const gate = createGate(options.connections);
  let current: Connection | undefined;
  const place = (action: string): RestPlace => ({ action, location, server: 'rclone', user: undefined });

  function connection(): Connection {
    if (current === undefined || current.ended() !== undefined || current.session.destroyed) {
      current = start(options);
    }
    return current;
  }

  async function attempt(call: RestCall): Promise<HttpResponse> {
    throwIfAborted(call.signal);
    const used = connection();
    try {
      return await exchange(used.session, call, limits, timeout);
    } catch (error) {
      throwIfAborted(call.signal);
      await used.close();
      const how = used.ended() ?? messageOf(error);
      throw new HoldfastError('unreachable', `cannot ${call.action} in ${location}: ${how}`, {
        retryable: true,
        hint: 'see whether the program of -o rclone.program works by itself',
        cause: error,
      });
    }
  }

  return {
    place,
    async call(call) {
      const response = await gate(() => attempt(call));
      if (response.status < 300 || call.accept?.includes(response.status)) return response;
      throw refusalError(response, place(call.action));
    },
    refuse: (response, { action }) => refusalError(response, place(action)),
    close: async () => current?.close(),
  };
}

function start({ program, args, remote, environment }: StdioOptions): Connection {
  const [command = 'ssh', ...words] = splitShellWords(program);
  const all = [...words, ...splitShellWords(args ?? usualArgs), remote];
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(command, all, {
    env: environment as NodeJS.ProcessEnv,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  let how: string | undefined;
  const { promise: end, resolve } = Promise.withResolvers<void>();
  const over = (text: string): void => {
    const last = plainWords(said.split('\n').filter(Boolean).slice(-3).join('; '));
    how ??= `${basename(command)} ${text}${last === '' ? '' : `: ${last}`}`;
    session.destroy();
    resolve();
  };
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-keptWords)));
  child.on('error', (error) => over(`cannot be started: ${messageOf(error)}`));
  const ended = (status: number | null, signal: string | null): void =>
    over(signal ? `was ended by ${signal}` : `ended with status ${status}`);
  child.on('exit', (status, signal) => setTimeout(ended, momentMs, status, signal));
  child.on('close', ended);
  const both = duplexOf(child);
  // each request tells of its own end
  both.on('error', () => {});
  const session = connect('http://localhost', { createConnection: () => both });
  session.on('error', () => {});
  return {
    session,
    ended: () => how,
    async close() {
      session.close();
      child.stdin.end();
      const late = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await end;
      clearTimeout(late);
    },
  };
}

/** The types know of web streams alone here. */
function duplexOf({ stdout, stdin }: { stdout: Readable; stdin: Writable }): Duplex {
  const pair: unknown = { readable: stdout, writable: stdin };
  return Duplex.from(pair as Duplex);
}

async function exchange(
  session: ClientHttp2Session,
  { method, path, headers, body, signal }: RestCall,
  limits: Limits,
  timeout: number,
): Promise<HttpResponse> {
  const stream = session.request(
    { ':method': method, ':path': `/${path}`, ...headers },
    { endStream: body === undefined, ...(signal && { signal }) },
  );
  stream.setTimeout(timeout, () => stream.destroy(new Error('no byte came for too long')));
  const answer = collect(stream, method, limits, signal);
  if (body !== undefined) {
    const { upload } = limits;
    const pieces = upload === undefined ? body : paceBody(body, upload, signal);
    // The server may answer before it has read all: then its answer counts, and not that it hangs up.
    Readable.from(pieces, { objectMode: false })
      .on('error', (error) => stream.destroy(error))
      .pipe(stream);
  }
  return answer;
}

function collect(
  stream: ClientHttp2Stream,
  method: RestCall['method'],
  { download }: Limits,
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
  let headers: Record<string, string | string[] | undefined> = {};
  const pieces: Uint8Array[] = [];
  stream.on('response', (found) => (headers = found as typeof headers));
  stream.on('data', (piece: Uint8Array) => {
    pieces.push(piece);
    if (download === undefined) return;
    stream.pause();
    // an abort ends the request by itself
    download.take(piece.length, signal).then(
      () => stream.resume(),
      () => {},
    );
  });
  stream.on('end', () => {
    if (headers[':status'] === undefined) return reject(new Error('the connection was cut'));
    const body = concatenate(pieces);
    const expected = Number(headers['content-length'] ?? body.length);
    if (method === 'HEAD' || body.length === expected) {
      resolve({ status: Number(headers[':status']), headers, body });
    } else reject(new Error(`${body.length} bytes came instead of ${expected}`));
  });
  stream.on('error', reject);
  stream.on('close', () => reject(new Error('the connection was cut')));
  return promise;
}
