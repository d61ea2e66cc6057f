/** On Ceph's gateway Holdfast and the stock restic do everything to each other's repositories. */
import { startRadosgw } from '../support/radosgw.ts';
import { s3Access } from '../support/s3-server.ts';
import { skipWithout } from '../support/tools.ts';
import { bothWays } from './both-ways.ts';

bothWays('radosgw', skipWithout('restic', 'radosgw', 'setfattr', 'getfattr', 'setfacl'), async () => {
  const server = await startRadosgw();
  return { access: (name) => s3Access(server, 'interop', name), stop: () => server.stop() };
});
