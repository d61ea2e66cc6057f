/** A home folder for gpg with keys made for a test, and gpg run in it. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunOptions, type RunResult, runProgram } from './program.ts';
import { type Cleanup, removeTree } from './temp.ts';
import { toolPath } from './tools.ts';

export interface Gpg {
  readonly folder: string;
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /**
   * A new key; its fingerprint.
   * @param kind `default` can be encrypted for, the other cannot
   */
  makeKey(user: string, options?: KeyOptions): Promise<string>;
  /** A file with the certificate, or with the private key. */
  exportKey(
    fingerprint: string,
    options?: { secret?: boolean; armor?: boolean; passphrase?: string },
  ): Promise<string>;
}

interface KeyOptions {
  readonly passphrase?: string;
  readonly algorithm?: 'default' | 'future-default' | 'ed25519/sign' | 'rsa2048';
  readonly expires?: string;
  /** the key's day, when it is not today */
  readonly made?: string;
}

/** gpg-agent's sockets need a short path, so the folder is not below the test's own. */
export function startGpg(t: Cleanup): Gpg {
  const folder = mkdtempSync(join(tmpdir(), 'hf-gpg-'));
  const home = join(folder, 'home');
  mkdirSync(home, { mode: 0o700 });
  const run = (args: readonly string[], options?: RunOptions): Promise<RunResult> =>
    runProgram(
      toolPath('gpg'),
      ['--homedir', home, '--batch', '--pinentry-mode', 'loopback', ...args],
      options,
    );
  t.after(async () => {
    await runProgram('gpgconf', ['--homedir', home, '--kill', 'all'], { expect: 'any' });
    removeTree(folder);
  });
  return {
    folder,
    run,
    async makeKey(user, { passphrase = '', algorithm = 'future-default', expires = 'never', made } = {}) {
      const time = made === undefined ? [] : ['--faked-system-time', `${made.replaceAll('-', '')}T000000!`];
      const [kind, usage = 'default'] = algorithm.split('/');
      await run([...time, '--passphrase', passphrase, '--quick-generate-key', user, kind!, usage, expires]);
      const listed = await run(['--with-colons', '--list-keys', `=${user}`]);
      const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(listed.stdout)![1]!;
      if (algorithm === 'rsa2048') {
        await run([
          ...time,
          '--passphrase',
          passphrase,
          '--quick-add-key',
          fingerprint,
          'rsa2048',
          'encr',
          expires,
        ]);
      }
      return fingerprint;
    },
    async exportKey(fingerprint, { secret = false, armor = false, passphrase = '' } = {}) {
      const path = join(folder, `${fingerprint}.${secret ? 'secret' : 'public'}.${armor ? 'asc' : 'gpg'}`);
      const what = secret ? '--export-secret-keys' : '--export';
      await run([
        ...['--yes', '--passphrase', passphrase, ...(armor ? ['--armor'] : []), '--output', path],
        ...[what, fingerprint],
      ]);
      return path;
    },
  };
}
