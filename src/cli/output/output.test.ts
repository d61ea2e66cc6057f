import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '../../vaults/repository/format/node.ts';
import { goMode } from '../../vaults/repository/format/go-mode.ts';
import type { SnapshotEntry } from '../../vaults/repository/repository.ts';
import {
  displayWidth,
  formatBytes,
  formatPercent,
  formatSeconds,
  quoteUnprintable,
  truncate,
} from './format.ts';
import { formatMode, longLine, nodeJson } from './node.ts';
import { progressInterval } from './progress.ts';
import { restoreStatusLine, tellRestoreResult } from './restore.ts';
import { snapshotJson, snapshotTable } from './snapshots.ts';
import { formatTable } from './table.ts';
import { progressLine } from './progress-line.ts';
import { stringifyJson, Terminal } from './terminal.ts';

test('sizes, shares and times', () => {
  assert.deepEqual([0, 1023, 1024, 1.5 * 2 ** 20, 2 ** 40].map(formatBytes), [
    '0 B',
    '1023 B',
    '1.000 KiB',
    '1.500 MiB',
    '1.000 TiB',
  ]);
  assert.deepEqual(
    [formatPercent(1, 3), formatPercent(5, 3), formatPercent(1, 0)],
    ['33.33%', '100.00%', ''],
  );
  assert.deepEqual([0, 65.9, 3600].map(formatSeconds), ['0:00', '1:05', '1:00:00']);
});

test('widths count what a terminal shows', () => {
  assert.equal(displayWidth('abc'), 3);
  assert.equal(displayWidth('日本'), 4);
  assert.equal(displayWidth('e\u0301'), 1);
  assert.equal(truncate('日本語', 5), '日本');
  assert.equal(quoteUnprintable('plain ümlaut'), 'plain ümlaut');
  assert.equal(quoteUnprintable('esc\x1b[2J'), '"esc\\u001b[2J"');
});

test('tables have cells of several lines', () => {
  const lines = formatTable({
    header: ['ID', 'Paths'],
    rows: [
      ['1', '/a\n/bb'],
      ['22', '日'],
    ],
    footer: ['end'],
  });
  assert.deepEqual(lines, ['ID  Paths', '---------', '1   /a', '    /bb', '22  日', '---------', 'end']);
});

/** Streams that keep what is written. */
function recorder(isTTY = false): {
  written: string[];
  write(text: string | Uint8Array): boolean;
  isTTY: boolean;
} {
  const written: string[] = [];
  return { written, isTTY, write: (text) => written.push(String(text)) > 0 };
}

test('a restore of a part does not claim more than there was', () => {
  const stdout = recorder();
  const terminal = new Terminal({ stdout, stderr: recorder() });
  const none = { filesSkipped: 0, bytesSkipped: 0, filesDeleted: 0 };
  // two folders on the way to one file
  const part = { ...none, filesRestored: 3, filesTotal: 1, bytesRestored: 5, bytesTotal: 5 };
  tellRestoreResult(terminal, part, 0, false);
  tellRestoreResult(terminal, { ...part, bytesRestored: 0, filesRestored: 0 }, 0, false);
  terminal.flush();
  assert.equal(
    stdout.written.join(''),
    'Summary: Restored 3 files/dirs (5 B) in 0:00\nSummary: Restored 0 / 1 files/dirs (0 B / 5 B) in 0:00\n',
  );
  assert.match(restoreStatusLine(part, 0), /3 of 3 files and folders/);
});

test('what is said depends on verbosity and JSON', () => {
  const stdout = recorder();
  const stderr = recorder();
  const terminal = new Terminal({ stdout, stderr });
  const speak = (): string => {
    stdout.written.length = 0;
    terminal.result('result');
    terminal.say('say');
    terminal.detail('detail');
    terminal.trace('trace');
    terminal.flush();
    return stdout.written.join('').trim().replaceAll('\n', ' ');
  };
  assert.equal(speak(), 'result say');
  terminal.verbosity = 3;
  assert.equal(speak(), 'result say detail trace');
  terminal.json = true;
  assert.equal(speak(), 'result');
  terminal.json = false;
  terminal.verbosity = 0;
  assert.equal(speak(), 'result');
  assert.deepEqual(stderr.written, []);
});

test('moving lines are replaced, cleared before other lines, and still while somebody is asked', () => {
  const stdout = recorder(true);
  const stderr = recorder(true);
  const terminal = new Terminal({ stdout, stderr });
  terminal.status(['one', 'two']);
  terminal.status(['three']);
  terminal.result('line');
  terminal.flush();
  const text = stdout.written.join('');
  const moves = [
    '\x1b[2Kone\n\x1b[2Ktwo\n',
    '\x1b[2A\r\x1b[2Kthree\n\x1b[2K\n\x1b[1A',
    '\x1b[1A\r\x1b[0J',
    'line\n',
  ];
  assert.equal(text, moves.join(''));
  stdout.written.length = 0;
  terminal.ask('password: ');
  terminal.status(['moving']);
  assert.deepEqual(stdout.written, []);
  terminal.answered();
  terminal.status(['moving']);
  assert.equal(stdout.written.length, 1);
  assert.deepEqual(stderr.written, ['password: ', '\n']);
});

test('the moving line says first what people wait for', () => {
  const counts = '1234 of 75000 files';
  const bytes = 1.5 * 2 ** 30;
  const line = progressLine({ elapsedMs: 10_000, bytes, totalBytes: 2 * bytes, errors: 1, counts });
  const first = '[0:10] 50.00%  ETA 0:10, 153.600 MiB/s, 1 error, 1.500 GiB of 3.000 GiB';
  assert.equal(line, `${first}, ${counts}`);
  assert.ok(first.length < 80);
  const begun = progressLine({ elapsedMs: 400, bytes: 100, totalBytes: undefined, counts: '2 files' });
  assert.equal(begun, '[0:00]  100 B, 2 files');
  const skipped = { elapsedMs: 2000, bytes: 2, totalBytes: 10, skippedBytes: 8, counts: '' };
  assert.equal(progressLine(skipped), '[0:02] 20.00%  1 B/s, 2 B of 10 B');
});

test('progress is reported on terminals, in JSON, and where it is asked for', () => {
  const interval = (tty: boolean, json: boolean, verbosity: number, fps?: string): number => {
    const terminal = new Terminal({ stdout: recorder(tty), stderr: recorder() });
    Object.assign(terminal, { json, verbosity });
    return progressInterval(terminal, { RESTIC_PROGRESS_FPS: fps });
  };
  assert.equal(interval(true, false, 1), 100);
  assert.equal(interval(false, true, 1), 100);
  assert.equal(interval(false, false, 1), 0);
  assert.equal(interval(true, false, 0), 0);
  assert.equal(interval(false, false, 0, '0.5'), 2000);
  assert.equal(interval(false, false, 1, '1000'), 1000 / 60);
});

test('JSON keeps numbers that are too large for JavaScript', () => {
  assert.equal(stringifyJson({ inode: 18446744073709551615n }), '{"inode":18446744073709551615}');
});

const time = { sec: 1_700_000_000, nsec: 0, offset: 0 };
const node: Node = {
  ...{
    name: Buffer.from('s'),
    type: 'symlink',
    mode: goMode.symlink + 0o777,
    mtime: time,
    atime: time,
    ctime: time,
  },
  ...{
    uid: 1,
    gid: 2,
    user: 'u',
    group: 'g',
    inode: 3n,
    deviceId: 0n,
    size: 0,
    links: 1,
    device: 0n,
    error: '',
  },
  ...{ linktarget: Buffer.from('target'), xattrs: [], genericAttributes: undefined },
  ...{ content: undefined, subtree: undefined },
};

test('modes are shown as Go shows them', () => {
  assert.equal(formatMode(0o644), '-rw-r--r--');
  assert.equal(formatMode(goMode.dir + goMode.sticky + 0o777), 'dtrwxrwxrwx');
  assert.equal(formatMode(goMode.setuid + 0o755), 'urwxr-xr-x');
  assert.equal(formatMode(goMode.device + goMode.charDevice + 0o600), 'Dcrw-------');
});

test('an entry as a line and as JSON', () => {
  assert.match(
    longLine('/s', node, false),
    /^Lrwxrwxrwx {5}1 {5}2 {6}0 2023-11-1\d \d\d:\d\d:20 \/s -> target$/,
  );
  const json = JSON.parse(stringifyJson(nodeJson('/s', node))) as Record<string, unknown>;
  assert.equal(json['size'], undefined);
  assert.equal(json['permissions'], 'Lrwxrwxrwx');
  assert.equal(json['mtime'], '2023-11-14T22:13:20Z');
});

test('snapshots as a table and as JSON', () => {
  const entry = (id: string, at: number, paths: string[]): SnapshotEntry => ({
    id: id.repeat(64),
    snapshot: {
      ...{ time: new Date(at).toISOString(), timeMs: at, parent: undefined, tree: '0'.repeat(64), paths },
      ...{ hostname: 'web', username: 'ada', uid: 0, gid: 0, excludes: [], tags: ['x', 'y'] },
      ...{ original: undefined, programVersion: '', summary: undefined },
    },
  });
  const lines = snapshotTable([entry('b', 2000, ['/b', '/c']), entry('a', 1000, ['/a'])]);
  assert.match(lines[2]!, /^a{8} {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}web {9}x,y {9}\/a$/);
  assert.equal(lines[3], '');
  assert.equal(lines.at(-1), '2 snapshots');
  assert.ok(!lines[0]!.includes('Size'));
  assert.deepEqual(Object.keys(snapshotJson(entry('a', 0, ['/a']))).slice(-2), ['id', 'short_id']);
});
