/** Stands between an FTP client and a real server without TLS, and damages data connections as told. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

export interface DataFault {
  /**
   * `swallow`: the server gets the first bytes alone and a tidy end, and the client learns nothing; `break`: both ends
   * lose their connection after the first bytes.
   */
  readonly kind: 'swallow' | 'break';
  /** bytes that pass */
  readonly after: number;
  /** data connections that it is for */
  times: number;
}

export interface FtpProxy {
  readonly port: number;
  /** for the data connections to come that carry more than its bytes */
  fault: DataFault | undefined;
  stop(): Promise<void>;
}

export async function startFtpProxy(target: number): Promise<FtpProxy> {
  const sockets = new Set<Socket>();
  const listeners: Server[] = [];
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    return socket;
  };

  async function listen(server: Server): Promise<number> {
    listeners.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  /** A port that leads to the server's data port, once. */
  function dataPort(port: number): Promise<number> {
    const server = createServer((client) => {
      server.close();
      carry(keep(client), keep(connect(port, '127.0.0.1')));
    });
    return listen(server);
  }

  function carry(client: Socket, upstream: Socket): void {
    let passed = 0;
    let struck: DataFault | undefined;
    const pass = (from: Socket, to: Socket): void => {
      from.on('data', (piece: Buffer) => {
        const { fault } = proxy;
        if (
          struck === undefined &&
          fault !== undefined &&
          fault.times > 0 &&
          passed + piece.length > fault.after
        ) {
          fault.times--;
          struck = fault;
          const last = piece.subarray(0, fault.after - passed);
          if (fault.kind === 'swallow') to.end(last);
          else {
            from.destroy();
            to.destroy();
          }
        }
        passed += piece.length;
        if (struck === undefined && !to.write(piece)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      });
      from.on('end', () => {
        if (struck === undefined) to.end();
      });
      from.on('close', () => {
        if (struck === undefined) to.destroySoon();
      });
    };
    pass(client, upstream);
    pass(upstream, client);
  }

  const control = createServer((client) => {
    keep(client);
    const upstream = keep(connect(target, '127.0.0.1'));
    client.pipe(upstream);
    let said = Promise.resolve();
    upstream.on('data', (piece: Buffer) => {
      said = said.then(async () => {
        const text = piece.toString('latin1');
        const port = /^229 .*\(\|\|\|(\d+)\|\)/m.exec(text)?.[1];
        const shown = port === undefined ? text : text.replace(port, `${await dataPort(Number(port))}`);
        client.write(shown, 'latin1');
      });
    });
    upstream.on('end', () => void said.then(() => client.end()));
    upstream.on('close', () => void said.then(() => client.destroySoon()));
    client.on('close', () => upstream.destroy());
  });

  const proxy: FtpProxy = {
    port: await listen(control),
    fault: undefined,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await Promise.all(
        listeners.filter(({ listening }) => listening).map((one) => new Promise((r) => one.close(r))),
      );
    },
  };
  return proxy;
}
