/** The TCP connection under SSH: ssh2 writes every packet in parts, which are gathered here and sent together. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** Small requests do not wait for the answers to those before them. */
export function connectSocket(host: string, port: number): Socket {
  const socket = connect({ host, port, noDelay: true });
  const write = socket.write.bind(socket) as (data: Uint8Array) => boolean;
  let gathering = false;
  socket.write = (data: Uint8Array | string): boolean => {
    if (!gathering) {
      gathering = true;
      socket.cork();
      process.nextTick(() => {
        gathering = false;
        socket.uncork();
      });
    }
    return write(data as Uint8Array);
  };
  return socket;
}
