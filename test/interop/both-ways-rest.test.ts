/** Through restic's REST server Holdfast and the stock restic do everything to each other's repositories. */
import { startRestServer } from '../support/rest-server.ts';
import { skipWithout } from '../support/tools.ts';
import { bothWays } from './both-ways.ts';

bothWays('rest-server', skipWithout('restic', 'rest-server', 'setfattr', 'getfattr', 'setfacl'), async () => {
  const server = await startRestServer({ users: { anna: 'secret' } });
  const env = { RESTIC_REST_USERNAME: 'anna', RESTIC_REST_PASSWORD: 'secret' };
  return {
    access: (name) => ({ repository: `rest:${server.url}${name}/`, env }),
    stop: () => server.stop(),
  };
});
