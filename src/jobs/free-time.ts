/** Names in archives tell times in whole seconds: what is made within one waits for the next, and has it in all vaults. */
import { throwIfAborted } from '../kernel/errors.ts';
import type { OpenedSource } from './open-sources.ts';
import type { RunContext } from './run-context.ts';
import type { RunVault } from './vault.ts';

/** Milliseconds since 1970: those that are wanted, or the first second later of which no vault has a backup of this source. */
export async function findFreeTime(
  opened: OpenedSource,
  wantedMs: number,
  vaults: readonly RunVault[],
  { clock, signal }: Pick<RunContext, 'clock' | 'signal'>,
): Promise<number> {
  let time = wantedMs;
  while (await isTaken(time)) {
    time = (Math.floor(time / 1000) + 1) * 1000;
    await clock.sleep(Math.max(1, time - clock.now()), signal);
  }
  return time;

  async function isTaken(at: number): Promise<boolean> {
    for (const vault of vaults) {
      try {
        if (await vault.isTaken?.(opened, at)) return true;
      } catch {
        // the backup itself will tell what is wrong with the vault
        throwIfAborted(signal);
      }
    }
    return false;
  }
}
