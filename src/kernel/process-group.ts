/** A command and all that it started, as far as it stayed in the group that `detached` gave it. */

/** Without an effect when all of it is gone, or never began. */
export function killGroup(leader: number | undefined, signal: NodeJS.Signals): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, signal);
  } catch {
    // all of it is gone
  }
}
