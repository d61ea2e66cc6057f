/** `holdfast backup-container` as help and completion know it; its flags are read as backup.sh reads them. */
import type { Command } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import type { Runtime } from '../verb.ts';
import { verb, withExamples } from '../verb.ts';

export function backupContainerCommand(_runtime: Runtime): Command {
  const command = verb(
    'backup-container',
    '[flags]',
    'Does what backup.sh of backup-container does, with the same backup.conf and the same environment.',
  ).action(() => {
    throw new HoldfastError('usage', 'flags for backup-container stand behind it', {
      hint: '`holdfast backup-container -h` shows them',
    });
  });
  return withExamples(command, [
    ['holdfast backup-container -1', 'back up once what backup.conf lists'],
    ['holdfast backup-container -h', 'the flags, which are those of backup.sh'],
  ]);
}
