import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectiveConfig } from './effective.ts';
import { readConfig } from './load.ts';
import { type FirstAnswers, newConfigFile } from './new-file.ts';

const answers: FirstAnswers = {
  sources: [{ what: '/srv/www', password: undefined }],
  vault: { location: '/backup', password: 'file:/etc/holdfast/main.key' },
  keep: { daily: 7, weekly: 4, monthly: 12 },
  notification: undefined,
};

const others: readonly Partial<FirstAnswers>[] = [
  {},
  { keep: { daily: 0, weekly: 0, monthly: 0 } },
  { keep: { daily: 0, weekly: 1, monthly: 0 } },
  { notification: { webhook: 'https://hooks.example.org/x#y' } },
  { notification: { webhook: 'env:HOOK' } },
  { notification: { mail: 'a@example.org', from: 'b@example.org', server: 'mail.example.org:2525' } },
  { vault: { location: 's3:https://host/bucket/prefix', password: 'env:MAIN' } },
  { vault: { location: '/backup', password: 'command:echo "a: b" # c' } },
  { vault: { location: 'archive:sftp:user@host:/path', password: undefined } },
  {
    sources: [
      { what: '/srv/a: b', password: undefined },
      { what: '- x', password: undefined },
      { what: 'postgres://b@db/shop', password: 'env:DB' },
      { what: 'postgres://b@other/shop', password: undefined },
      { what: 'mysql://b@db/*', password: 'file:/x y' },
      { what: 'sqlite:/srv/app.db', password: undefined },
      { what: 'postgres://b@db/%C3%A4?sslmode=require', password: undefined },
    ],
  },
];

test('whatever is answered, what is written is right and says it', () => {
  for (const other of others) {
    const given = { ...answers, ...other };
    const text = newConfigFile(given);
    const config = effectiveConfig({
      ...readConfig([{ path: '/etc/holdfast/x.yaml', text }]),
      place: '/etc/holdfast',
    });
    assert.deepEqual(config.problems, [], text);
    assert.deepEqual([...config.jobs.keys()], ['nightly']);
    const told = [...config.sources.values()].flatMap(({ kind, settings }) =>
      kind === 'paths' ? settings.paths : kind === 'url' ? [settings.url] : [],
    );
    const expected = given.sources.map(({ what }) => (what === '- x' ? '/etc/holdfast/- x' : what));
    assert.deepEqual(told.toSorted(), expected.toSorted());
    assert.deepEqual([...config.notifications.keys()], given.notification ? ['admins'] : []);
  }
});
