import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startHookServer } from '../../../test/support/hook-server.ts';
import { createContext } from '../../kernel/context.ts';
import { createFakeClock } from '../../testing/fake-clock.ts';
import { Terminal } from '../output/terminal.ts';
import { readContainerSettings } from './settings.ts';
import { createTeller } from './tell.ts';

function teller(environment: Record<string, string>, signal = new AbortController().signal) {
  const warnings: string[] = [];
  const context = createContext({ clock: createFakeClock(), signal, warn: (line) => warnings.push(line) });
  const silent = { write: () => true };
  const terminal = new Terminal({ stdout: silent, stderr: silent });
  return {
    tell: createTeller(readContainerSettings(environment), { environment, terminal, context }),
    warnings,
  };
}

test('a webhook that cannot be told is a warning, and ends nothing', async (t) => {
  const hook = await startHookServer(t);
  hook.answers.push(500, 500, 500);
  const { tell, warnings } = teller({ WEBHOOK_URL: hook.url });
  await tell.info('done');
  assert.equal(hook.posts.length, 3);
  assert.match(warnings.join(), /WEBHOOK_URL answered with status 500/);
  assert.ok(!warnings.join().includes('s3cret'), 'the URL is a secret');
});

test('what was interrupted is told although everything is being stopped', async (t) => {
  const hook = await startHookServer(t);
  const { tell, warnings } = teller({ WEBHOOK_URL: hook.url, ENVIRONMENT_NAME: 'abc' }, AbortSignal.abort());
  await tell.error('Failed to backup x.\ninterrupted & more');
  const fields = new URLSearchParams(hook.posts[0]!.body);
  assert.deepEqual(
    [fields.get('projectName'), fields.get('statusCode'), fields.get('message')],
    ['abc', 'ERROR', 'Failed to backup x.\ninterrupted & more'],
  );
  assert.deepEqual(warnings, []);
});

test('PagerDuty is told of errors alone', async (t) => {
  const duty = await startHookServer(t);
  const { tell, warnings } = teller({ PGDUTY_URL: duty.url, PGDUTY_SVC_KEY: 'key "1"' });
  await tell.info('fine');
  await tell.warn('hm');
  await tell.error('it\nfailed');
  assert.deepEqual(
    duty.posts.map(({ body }) => JSON.parse(body) as unknown),
    [{ service_key: 'key "1"', event_type: 'trigger', description: 'it failed' }],
  );
  duty.answers.push(403);
  await tell.error('again');
  assert.match(warnings.join(), /PagerDuty could not be told: it answered with status 403/);
});
