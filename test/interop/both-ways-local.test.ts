/** On a local disk Holdfast and the stock restic do everything to each other's repositories. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from '../support/temp.ts';
import { skipWithout } from '../support/tools.ts';
import { bothWays } from './both-ways.ts';

bothWays('local disk', skipWithout('restic', 'setfattr', 'getfattr', 'setfacl'), async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-repositories-'));
  return {
    access: (name) => ({ repository: join(folder, name) }),
    stop: async () => removeTree(folder),
  };
});
