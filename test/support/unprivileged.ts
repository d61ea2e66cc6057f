/** Runs what refuses root: where the tests run as root, programs become `nobody`. */
import { chownSync } from 'node:fs';
import { type RunOptions, type RunResult, runProgram } from './program.ts';

/** Path of the program that changes users, on Linux. */
export const setpriv = '/usr/bin/setpriv';

const nobody = 65_534;

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** setpriv's flags for a program that must not be root; none where this process is not root either. */
export function unprivilegedFlags(): string[] {
  if (!isRoot()) return [];
  // servers from the tools' cache lie below root's home, which nobody may enter without this capability;
  // access(2) leaves capabilities out of account unless the change of user is told not to touch them
  return [
    ...[`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'],
    ...['--inh-caps=+dac_override', '--ambient-caps=+dac_override'],
    '--securebits=+no_setuid_fixup',
  ];
}

/** Gives a file or an empty folder to the user whom unprivileged programs run as. */
export function giveToUnprivileged(path: string): void {
  if (isRoot()) chownSync(path, nobody, nobody);
}

/** As runProgram, but never as root. */
export function runUnprivileged(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const flags = unprivilegedFlags();
  return flags.length === 0
    ? runProgram(command, args, options)
    : runProgram(setpriv, [...flags, command, ...args], options);
}
