/** `holdfast version` */
import type { Command } from 'commander';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';
import { isCalledRestic, likeRestic, readVersion, versionLine } from '../version.ts';

export function versionCommand(runtime: Runtime): Command {
  const command = verb('version', '[flags]', 'Prints the version of this program and of what it runs on.');
  command.action(
    action(runtime, async ({ terminal, settings }) => {
      if (!settings.json) return terminal.result(versionLine());
      terminal.emit({
        message_type: 'version',
        version: isCalledRestic() ? likeRestic : readVersion(),
        node_version: process.version,
        go_version: '',
        go_os: process.platform,
        go_arch: process.arch,
      });
    }),
  );
  return withExamples(command, [['holdfast version --json', 'for a script']]);
}
