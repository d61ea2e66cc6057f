/** Lock files: who is at work in the repository, and since when. */
import { RecordReader, stringify, unlessEmpty } from './json-record.ts';
import { parseTime, timeToMs } from './time.ts';

export interface LockFile {
  /** RFC 3339, as it stands in the file */
  readonly time: string;
  /** the same instant in milliseconds since 1970-01-01 UTC */
  readonly timeMs: number;
  readonly exclusive: boolean;
  readonly hostname: string;
  readonly username: string;
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** by which its holder is known again on its own machine; ours, restic passes over it */
  readonly mark?: string | undefined;
}

export function encodeLock(lock: Omit<LockFile, 'timeMs'>): Uint8Array {
  return stringify({
    time: lock.time,
    exclusive: lock.exclusive,
    hostname: lock.hostname,
    username: lock.username,
    pid: lock.pid,
    uid: unlessEmpty(lock.uid),
    gid: unlessEmpty(lock.gid),
    holdfast_mark: lock.mark,
  });
}

/** Code `corrupt`. */
export function decodeLock(json: Uint8Array): LockFile {
  const reader = new RecordReader('lock', json);
  const time = reader.text('time');
  const mark = reader.text('holdfast_mark', '');
  return {
    time,
    timeMs: timeToMs(parseTime(time)),
    exclusive: reader.flag('exclusive', false),
    hostname: reader.text('hostname', ''),
    username: reader.text('username', ''),
    pid: reader.uint('pid', 0),
    uid: reader.uint('uid', 0, 0xffff_ffff),
    gid: reader.uint('gid', 0, 0xffff_ffff),
    ...(mark === '' ? {} : { mark }),
  };
}
