import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '../../kernel/errors.ts';
import { rcloneLocation } from './location.ts';

describe('rcloneLocation', () => {
  it('takes remotes by name and given whole, and shows no settings', () => {
    for (const [text, remote, name, shown] of [
      ['rclone:drive:a/b', 'drive:a/b', 'drive', 'rclone:drive:a/b'],
      ['rclone:my drive:', 'my drive:', 'my drive', 'rclone:my drive:'],
      ['rclone:b2:x:y', 'b2:x:y', 'b2', 'rclone:b2:x:y'],
      ['rclone::local:/srv', ':local:/srv', ':local', 'rclone::local:/srv'],
      ['rclone:s3,key=secret:b/p', 's3,key=secret:b/p', 's3', 'rclone:s3,...:b/p'],
      [
        'rclone::sftp,pass="a:secret",host=h:p',
        ':sftp,pass="a:secret",host=h:p',
        ':sftp',
        'rclone::sftp,...:p',
      ],
    ] as const) {
      assert.deepEqual(rcloneLocation(text), { kind: 'rclone', remote, name, shown });
    }
  });

  it('refuses what names no remote, without repeating it', () => {
    for (const text of [
      'rclone:',
      'rclone:secret',
      'rclone:/secret/path',
      'rclone::',
      'rclone:x,"secret:y',
    ]) {
      assert.throws(
        () => rcloneLocation(text),
        (error) => error instanceof HoldfastError && error.code === 'usage' && !/secret/.test(error.message),
        text,
      );
    }
  });
});
