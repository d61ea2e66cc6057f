import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { patternBytes } from '../../testing/storage-assertions.ts';
import { closeDispatcher, createDispatcher } from './connect.ts';
import { reusedReads } from './reused-reads.ts';
import { send } from './send.ts';

const body = patternBytes(6 << 20);

describe('sockets that read into the same memory again', () => {
  it('use two arrays, and give what came', async () => {
    await using server = await serve((socket) => void socket.end(body));
    const socket = connect({ port: server.port, onread: reusedReads(256 << 10) });
    const arrays = new Set<ArrayBufferLike>();
    const came = Buffer.alloc(body.length);
    let at = 0;
    socket.on('data', (piece: Buffer) => {
      if (piece.length >= 16 << 10) arrays.add(piece.buffer);
      came.set(piece, at);
      at += piece.length;
    });
    await once(socket, 'close');
    assert.ok(came.equals(body));
    assert.equal(arrays.size, 2);
  });

  it('keep what a reader has left who paused', async () => {
    await using server = await serve((socket) => void socket.end(body));
    const socket = connect({ port: server.port, onread: reusedReads(20 << 10) });
    const came: Buffer[] = [];
    for await (const piece of socket as AsyncIterable<Buffer>) {
      came.push(Buffer.from(piece));
      await wait(0);
    }
    assert.ok(Buffer.concat(came).equals(body));
  });

  it('give headers whole that come in many pieces, of answers to one connection', async () => {
    const long = 'x'.repeat(9000);
    const answer = Buffer.from(
      `HTTP/1.1 200 OK\r\nx-first: ${long}\r\nx-last: end\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    await using server = await serve((socket) => {
      socket.setNoDelay(true);
      socket.on('data', () => void answerSlowly(socket));
    });
    async function answerSlowly(socket: Socket): Promise<void> {
      for (let at = 0; at < answer.length; at += 1500) {
        socket.write(answer.subarray(at, at + 1500));
        await wait(1);
      }
      socket.write(body);
    }
    const dispatcher = createDispatcher({
      ...{ secure: false, connections: 1, timeout: 10_000, caFiles: [] },
      ...{ clientCertificateFile: undefined, systemAuthorities: false },
    });
    try {
      const request = { method: 'GET', origin: `http://127.0.0.1:${server.port}`, path: '/', headers: {} };
      const memory = new ArrayBuffer(body.length);
      for (let turn = 0; turn < 3; turn++) {
        const given = await send(dispatcher, { ...request, memory });
        assert.equal(given.headers['x-first'], long);
        assert.equal(given.headers['x-last'], 'end');
        assert.equal(given.body.buffer, memory);
        assert.ok(Buffer.from(given.body).equals(body));
      }
    } finally {
      await closeDispatcher(dispatcher);
    }
  });
});

async function serve(onSocket: (socket: Socket) => void): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer(onSocket).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}
