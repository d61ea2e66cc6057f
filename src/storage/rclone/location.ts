/** The location of a storage that the user's rclone reaches: `rclone:REMOTE:PATH`, as restic has it. */
import { HoldfastError } from '../../kernel/errors.ts';

export interface RcloneLocation {
  readonly kind: 'rclone';
  /** as rclone takes it: `REMOTE:PATH`, or `:backend,key=value:PATH` */
  readonly remote: string;
  /** the remote's name, for messages */
  readonly name: string;
  /** the location for people: without the settings that a remote may be given with */
  readonly shown: string;
}

/** Code `usage` for a location without a remote. */
export function rcloneLocation(text: string): RcloneLocation {
  const remote = text.slice('rclone:'.length);
  // settings stand in the midst, and may hold colons in quotes
  const parts = /^(:?[^:,"']+)((?:,(?:"[^"]*"|'[^']*'|[^:"'])*)?):(.*)$/s.exec(remote);
  if (parts === null) {
    throw new HoldfastError('usage', 'the location names no remote of rclone', {
      hint: 'write rclone:REMOTE:PATH; `rclone listremotes` names those that are configured',
    });
  }
  const [, name, settings, path] = parts;
  return { kind: 'rclone', remote, name: name!, shown: `rclone:${name}${settings ? ',...' : ''}:${path}` };
}
