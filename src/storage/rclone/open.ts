/** Puts an rclone storage together from its location, restic's `-o rclone.*` settings and the environment. */
import { parseDuration } from '../../kernel/quantity.ts';
import type { Environment } from '../http/proxy.ts';
import type { Limits } from '../limit.ts';
import { createRestStorage } from '../rest/storage.ts';
import { countSetting, refuseUnknownSettings } from '../settings.ts';
import type { Storage } from '../storage.ts';
import { createRcloneClient } from './client.ts';
import type { RcloneLocation } from './location.ts';
import { startRclone } from './server.ts';
import { createStdioClient, runsElsewhere } from './stdio.ts';
import { createRcloneStorage } from './storage.ts';

export interface OpenRcloneOptions {
  readonly environment: Environment;
  /** as `-o` has them, without their `rclone.` */
  readonly settings: ReadonlyMap<string, string>;
  /** milliseconds */
  readonly stuckRequestTimeout?: number | undefined;
  readonly limits?: Limits;
}

const known = new Set(['program', 'args', 'connections', 'timeout']);
const defaultConnections = 8;
const defaultTimeout = 5 * 60_000;
const defaultStartTimeout = 60_000;

/** Code `usage` for settings that make no sense. rclone is started by the first call. */
export function openRcloneStorage(location: RcloneLocation, options: OpenRcloneOptions): Storage {
  const { environment, settings, limits = {} } = options;
  refuseUnknownSettings('rclone', settings, known);
  const timeout = settings.get('timeout');
  const program = settings.get('program');
  const common = {
    ...{ remote: location.remote, environment, args: settings.get('args') },
    connections: countSetting(settings, 'rclone.connections', defaultConnections),
    timeout: options.stuckRequestTimeout ?? defaultTimeout,
  };
  if (program !== undefined && runsElsewhere(program)) {
    const client = createStdioClient({ ...common, program, location: location.shown, limits });
    return createRestStorage(client, location.shown);
  }
  const server = {
    ...common,
    program,
    startTimeout: timeout === undefined ? defaultStartTimeout : parseDuration(timeout, 'rclone.timeout'),
  };
  const client = createRcloneClient({
    start: () => startRclone(server),
    ...{ location: location.shown, name: location.name, limits },
  });
  return createRcloneStorage(client, location.shown);
}
