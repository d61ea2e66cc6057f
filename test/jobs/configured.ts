/** A user with a configuration of jobs. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newUser, type User } from '../cli/run.ts';
import { cheapenKey } from '../support/cheap-key.ts';
import type { RunResult } from '../support/program.ts';
import type { Cleanup } from '../support/temp.ts';

export interface Configured extends User {
  /** Runs jobs, whatever their status. */
  jobs(...args: readonly string[]): Promise<RunResult>;
  snapshots(vault: string): Promise<
    readonly {
      readonly paths: readonly string[];
      readonly time: string;
      readonly tags?: readonly string[];
      readonly id: string;
    }[]
  >;
}

/** A user with a configuration, a folder `docs` and the password of all repositories in `key`. */
export function configured(t: Cleanup, yaml: string, env: Readonly<Record<string, string>> = {}): Configured {
  const user = newUser(t);
  const folder = join(user.home, '.config', 'holdfast');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'holdfast.yaml'), yaml);
  writeFileSync(join(folder, 'key'), 'secret\n');
  mkdirSync(join(user.home, 'docs'));
  writeFileSync(join(user.home, 'docs', 'letter.txt'), 'dear reader\n'.repeat(500));
  const made = new Set<string>();
  const run: User['run'] = async (args, options = {}) => {
    const result = await user.run(args, { expect: 'any', ...options, env: { ...env, ...options.env } });
    for (const [, name] of yaml.matchAll(madeVault)) {
      const repository = join(user.home, name!);
      if (made.has(repository) || !existsSync(join(repository, 'config'))) continue;
      made.add(repository);
      await cheapenKey({ repository, password: 'secret' });
    }
    return result;
  };
  return {
    ...user,
    run,
    jobs: (...args) => run(['run', ...args]),
    async snapshots(vault) {
      const { stdout } = await run(['-r', vault, 'snapshots', '--json']);
      return JSON.parse(stdout) as Awaited<ReturnType<Configured['snapshots']>>;
    },
  };
}

/** What `vault` writes. */
const madeVault = /\{ repository: ~\/([^ ,]+), password: file:key, create: true \}/g;

/** A repository of that name in the user's home, which the first run makes; the further ones open it at once. */
export const vault = (name: string): string =>
  `  ${name}: { repository: ~/${name}, password: file:key, create: true }\n`;
