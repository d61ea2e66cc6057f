/** `holdfast key` and its verbs */
import { Command } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import type { NewKey } from '../../operations/key.ts';
import type { Invocation, Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

interface NewKeyFlags {
  newPasswordFile?: string;
  newInsecureNoPassword?: boolean;
  user?: string;
  host?: string;
}

export function keyCommand(runtime: Runtime): Command {
  const command = new Command('key')
    .description('Manages the keys of a repository: each opens it with another password.')
    .usage('VERB [flags]');
  const list = [['holdfast key list --json', 'for a script']] as const;
  const add = [
    ['holdfast key add', 'asks for the new password'],
    ['holdfast key add --new-password-file second --user ada', 'for somebody else, from a file'],
  ] as const;
  const remove = [['holdfast key remove 021f93e8', '`key list` shows the ids']] as const;
  const passwd = [['holdfast key passwd --new-password-file new', 'without being asked']] as const;
  command.addCommand(withExamples(listCommand(runtime), list));
  command.addCommand(withExamples(addCommand(runtime), add));
  command.addCommand(withExamples(removeCommand(runtime), remove));
  command.addCommand(withExamples(passwdCommand(runtime), passwd));
  return withExamples(command, [
    ['holdfast key list', 'which keys there are, and which one is in use'],
    ['holdfast key add --new-password-file second', 'another password, from a file'],
    ['holdfast key passwd', 'a new password in place of the one in use'],
  ]);
}

function listCommand(runtime: Runtime): Command {
  return verb('list', '[flags]', 'Lists the keys.')
    .summary('list keys')
    .action(
      action(runtime, async (invocation, operands) => {
        refuseOperands('key list', operands);
        const { terminal } = invocation;
        const { listKeys } = await import('../../operations/key.ts');
        const { withRepository } = await import('../session.ts');
        const keys = await withRepository(invocation, { lock: 'read' }, listKeys);
        const { formatLocalTime } = await import('../output/format.ts');
        const shown = keys.map(({ current, id, userName, hostName, created }) => ({
          ...{ current, id, userName, hostName },
          created: formatLocalTime(Date.parse(created)),
        }));
        if (terminal.json) return terminal.emit(shown);
        const { formatTable } = await import('../output/table.ts');
        const rows = shown.map((key) => [
          `${key.current ? '*' : ' '}${key.id.slice(0, 8)}`,
          ...[key.userName, key.hostName, key.created],
        ]);
        for (const line of formatTable({ header: [' ID', 'User', 'Host', 'Created'], rows })) {
          terminal.result(line);
        }
      }),
    );
}

function addCommand(runtime: Runtime): Command {
  return withNewKeyFlags(verb('add', '[flags]', 'Adds a key with a password of its own.'))
    .summary('add a key')
    .action(
      action<NewKeyFlags>(runtime, async (invocation, operands, flags) => {
        refuseOperands('key add', operands);
        const { addKey } = await import('../../operations/key.ts');
        const { withRepository } = await import('../session.ts');
        const id = await withRepository(invocation, { lock: 'append' }, async (repository, context) =>
          addKey(repository, await newKey(invocation, flags), context),
        );
        tellKey(invocation, 'added', id, `saved new key with ID ${id}`);
      }),
    );
}

function passwdCommand(runtime: Runtime): Command {
  return withNewKeyFlags(verb('passwd', '[flags]', 'Puts a new key in the place of the one in use.'))
    .summary('change the password')
    .action(
      action<NewKeyFlags>(runtime, async (invocation, operands, flags) => {
        refuseOperands('key passwd', operands);
        const { changePassword } = await import('../../operations/key.ts');
        const { withRepository } = await import('../session.ts');
        const id = await withRepository(invocation, { lock: 'exclusive' }, async (repository, context) =>
          changePassword(repository, await newKey(invocation, flags), context),
        );
        tellKey(invocation, 'added', id, `saved new key as ${id}`);
      }),
    );
}

function removeCommand(runtime: Runtime): Command {
  return verb('remove', '[flags] KEY', 'Removes a key; the one in use stays.')
    .summary('remove a key')
    .action(
      action(runtime, async (invocation, [prefix, ...more]) => {
        if (prefix === undefined || more.length > 0) {
          throw new HoldfastError('usage', 'key remove takes the id of one key');
        }
        const { removeKey } = await import('../../operations/key.ts');
        const { withRepository } = await import('../session.ts');
        const id = await withRepository(invocation, { lock: 'exclusive' }, (repository, context) =>
          removeKey(repository, prefix, context),
        );
        tellKey(invocation, 'removed', id, `removed key ${id}`);
      }),
    );
}

function withNewKeyFlags(command: Command): Command {
  return command
    .option('--new-password-file <file>', 'file that holds the new password')
    .option('--new-insecure-no-password', 'the new password is empty (insecure)')
    .option('--user <name>', 'user name of the new key')
    .option('--host <name>', 'host name of the new key');
}

async function newKey(invocation: Invocation, flags: NewKeyFlags): Promise<NewKey> {
  if (flags.newPasswordFile !== undefined && flags.newInsecureNoPassword) {
    throw new HoldfastError(
      'usage',
      '--new-password-file and --new-insecure-no-password contradict each other',
    );
  }
  const { askNewPassword, configuredPassword } = await import('../password.ts');
  const { promptOptions } = await import('../session.ts');
  const hint = 'give it with --new-password-file; --new-insecure-no-password allows an empty one';
  const configured = await configuredPassword(
    {
      passwordFile: flags.newPasswordFile,
      passwordCommand: undefined,
      password: undefined,
      insecureNoPassword: flags.newInsecureNoPassword ?? false,
    },
    hint,
  );
  const password = configured ?? (await askNewPassword(promptOptions(invocation), 'the new key', hint));
  return { password, username: flags.user, hostname: flags.host };
}

function tellKey({ terminal }: Invocation, did: 'added' | 'removed', id: string, text: string): void {
  if (terminal.json) terminal.emit({ message_type: `key_${did}`, id });
  else terminal.say(text);
}

function refuseOperands(name: string, operands: readonly string[]): void {
  if (operands.length > 0) throw new HoldfastError('usage', `${name} takes flags alone`);
}
