/** On MinIO Holdfast and the stock restic do everything to each other's repositories. */
import { startMinio } from '../support/minio.ts';
import { s3Access } from '../support/s3-server.ts';
import { skipWithout } from '../support/tools.ts';
import { bothWays } from './both-ways.ts';

bothWays('MinIO', skipWithout('restic', 'minio', 'setfattr', 'getfattr', 'setfacl'), async () => {
  const server = await startMinio();
  return { access: (name) => s3Access(server, 'interop', name), stop: () => server.stop() };
});
