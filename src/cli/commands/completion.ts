/** `holdfast completion SHELL` */
import type { Command } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

export function completionCommand(runtime: Runtime): Command {
  const command = verb(
    'completion',
    'bash|zsh|fish',
    'Prints a script that completes verbs and flags in a shell.',
  );
  return withExamples(
    command.action(
      action(runtime, async ({ terminal }, operands) => {
        const { completionScript, shells } = await import('../completion/scripts.ts');
        const shell = shells.find((name) => name === operands[0]);
        if (!shell || operands.length > 1) {
          throw new HoldfastError('usage', `completion takes one shell: ${shells.join(', ')}`);
        }
        terminal.raw(await completionScript(shell, runtime));
      }),
    ),
    [
      ['source <(holdfast completion bash)', 'for this bash'],
      ['holdfast completion zsh > "${fpath[1]}/_holdfast"', 'for every zsh of yours'],
      ['holdfast completion fish > ~/.config/fish/completions/holdfast.fish', 'for fish'],
    ],
  );
}
