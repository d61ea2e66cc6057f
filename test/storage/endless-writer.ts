/** Writes objects named by their hash into the local storage given, until it is killed. Says when the first is there. */
import { createHash } from 'node:crypto';
import { createLocalStorage } from '../../src/storage/local.ts';
import { patternBytes } from '../../src/testing/storage-assertions.ts';

const [folder = '', seed = ''] = process.argv.slice(2);
const storage = createLocalStorage(folder);

async function writeEndlessly(lane: number): Promise<never> {
  for (let i = 0; ; i++) {
    const content = patternBytes(200_000, Number(seed) * 1_000_000 + lane * 10_000 + i + 1);
    const name = createHash('sha256').update(content).digest('hex');
    await storage.write(`data/${name}`, content);
    if (i === 0) process.stdout.write(`${name}\n`);
  }
}

await Promise.all([0, 1, 2, 3].map(writeEndlessly));
