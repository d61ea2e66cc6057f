/** `holdfast generate`, restic's way of asking for completion scripts. */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import { systemText } from '../../kernel/native/system-error.ts';
import type { Shell } from '../completion/scripts.ts';
import type { Invocation, Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

interface Options {
  bashCompletion?: string;
  zshCompletion?: string;
  fishCompletion?: string;
}

export function generateCommand(runtime: Runtime): Command {
  const command = verb('generate', '[flags]', 'Writes completion scripts to files; `-` is standard output.')
    .option('--bash-completion <file>', 'write the script for bash')
    .option('--zsh-completion <file>', 'write the script for zsh')
    .option('--fish-completion <file>', 'write the script for fish')
    .action(
      action<Options>(runtime, async (invocation, operands, options) => {
        const wanted: [Shell, string | undefined][] = [
          ['bash', options.bashCompletion],
          ['zsh', options.zshCompletion],
          ['fish', options.fishCompletion],
        ];
        if (operands.length > 0 || wanted.every(([, file]) => file === undefined)) {
          throw new HoldfastError('usage', 'generate takes flags alone, and at least one of them');
        }
        for (const [shell, file] of wanted) if (file !== undefined) await generate(invocation, shell, file);
      }),
    );
  return withExamples(command, [
    [
      'holdfast generate --bash-completion /etc/bash_completion.d/holdfast',
      'completion for everybody who uses bash',
    ],
  ]);
}

async function generate(invocation: Invocation, shell: Shell, file: string): Promise<void> {
  const { completionScript } = await import('../completion/scripts.ts');
  const script = await completionScript(shell, invocation);
  if (file === '-') return invocation.terminal.raw(script);
  await writeFile(file, script).catch((cause: unknown) => {
    throw new HoldfastError('failed', `${file} cannot be written: ${systemText(cause)}`, { cause });
  });
  invocation.terminal.say(`wrote ${shell} completion to ${file}`);
}
