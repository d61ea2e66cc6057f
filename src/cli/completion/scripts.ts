/** The completion script of a shell, generated from the whole command tree. */
import type { CommandModel } from './model.ts';
import { commandModel } from './model.ts';
import { buildProgram } from '../program.ts';
import type { Runtime } from '../verb.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { zshCompletion } from './zsh.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

const generators: Record<Shell, (root: CommandModel) => string> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export async function completionScript(shell: Shell, runtime: Runtime): Promise<string> {
  return generators[shell](commandModel(await buildProgram(runtime, () => true)));
}
