/** Notifications as real servers receive them. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { suite } from 'node:test';
import {
  type MailRecipient,
  type NotifyEvent,
  outcomes,
  type WebhookRecipient,
} from '../../src/jobs/notify/notification.ts';
import { notify, type NotifyContext } from '../../src/jobs/notify/notify.ts';
import { createContext } from '../../src/kernel/context.ts';
import { startHookServer } from '../support/hook-server.ts';
import { startMailServer, testCertificate } from '../support/mail-server.ts';
import { freePort } from '../support/server.ts';
import { tempFolder } from '../support/temp.ts';

const event: NotifyEvent = {
  outcome: 'failure',
  subject: 'nightly failed: shop',
  message: 'job nightly failed\nthe password of shop is not "geheim" & not ünderstood',
  details: { job: 'nightly', status: 1 },
};

/** Waits are counted, not waited. */
function quick(environment: NotifyContext['environment'] = {}): NotifyContext & { readonly waits: number[] } {
  const waits: number[] = [];
  const clock = { now: () => Date.now(), sleep: async (ms: number) => void waits.push(ms) };
  return { ...createContext({ clock }), environment, waits };
}

function webhook(url: WebhookRecipient['url'], more: Partial<WebhookRecipient> = {}): WebhookRecipient {
  return { kind: 'webhook', name: 'ops', on: outcomes, url, format: 'form', ...more };
}

function mail(server: MailRecipient['server'], more: Partial<MailRecipient> = {}): MailRecipient {
  return {
    kind: 'mail',
    name: 'admins',
    on: outcomes,
    from: 'backup@example.org',
    to: ['a@example.org', 'b@example.org'],
    server,
    ...more,
  };
}

suite('webhooks', () => {
  test('get the form fields of backup-container', async (t) => {
    const server = await startHookServer(t);
    const names = { projectFriendlyName: 'Moodle (prod)', projectName: 'abc123-prod' };
    const result = await notify([webhook(server.url, names)], event, quick());
    assert.deepEqual(result, { told: ['ops'], failed: [] });
    const [post] = server.posts;
    assert.equal(post?.method, 'POST');
    assert.equal(post.path, '/hook/s3cret-path');
    assert.equal(post.headers['content-type'], 'application/x-www-form-urlencoded');
    assert.deepEqual(Object.fromEntries(new URLSearchParams(post.body)), {
      ...names,
      statusCode: 'ERROR',
      message: event.message,
    });
  });

  test('name the outcome as the original does', async (t) => {
    const server = await startHookServer(t);
    for (const outcome of outcomes) await notify([webhook(server.url)], { ...event, outcome }, quick());
    const told = server.posts.map(({ body }) => new URLSearchParams(body).get('statusCode'));
    assert.deepEqual(told, ['INFO', 'WARN', 'ERROR']);
  });

  test('get JSON with the details of the event, and a token', async (t) => {
    const server = await startHookServer(t);
    const recipient = webhook(
      { kind: 'env', name: 'HOOK' },
      { format: 'json', token: { kind: 'env', name: 'TOKEN' } },
    );
    await notify([recipient], event, quick({ HOOK: server.url, TOKEN: 't0ken' }));
    const [post] = server.posts;
    assert.equal(post?.headers.authorization, 'Bearer t0ken');
    assert.deepEqual(JSON.parse(post.body), {
      projectFriendlyName: '',
      projectName: '',
      statusCode: 'ERROR',
      message: event.message,
      subject: event.subject,
      outcome: 'failure',
      job: 'nightly',
      status: 1,
    });
  });

  test('over TLS are trusted by the authorities that are named', async (t) => {
    const certificate = await testCertificate(t);
    const server = await startHookServer(t, certificate);
    const refused = await notify([webhook(server.url)], event, quick());
    assert.match(refused.failed[0]?.message ?? '', /^the webhook ops cannot be reached: .*certificate/);
    const result = await notify([webhook(server.url, { caFile: certificate.authority })], event, quick());
    assert.deepEqual(result.told, ['ops']);
    assert.equal(server.posts.length, 1);
  });

  test('are tried again when the server has a bad moment, and no longer than that', async (t) => {
    const server = await startHookServer(t);
    server.answers.push(503, 500);
    const context = quick();
    assert.deepEqual((await notify([webhook(server.url)], event, context)).told, ['ops']);
    assert.deepEqual(context.waits, [1000, 4000]);
    server.answers.push(500, 500, 500, 500);
    const { failed } = await notify([webhook(server.url)], event, quick());
    assert.deepEqual(failed, [
      { name: 'ops', message: 'the webhook ops answered with status 500 (no luck)' },
    ]);
    assert.equal(server.posts.length, 6);
  });

  test('that refuse or send elsewhere are told at once, without the URL', async (t) => {
    const server = await startHookServer(t);
    for (const status of [404, 302]) {
      server.answers.push(status);
      const context = quick();
      const { failed } = await notify([webhook(server.url)], event, context);
      assert.match(failed[0]!.message, new RegExp(`answered with status ${status}`));
      assert.ok(!failed[0]!.message.includes('s3cret'));
      assert.deepEqual(context.waits, []);
    }
    const gone = `http://127.0.0.1:${await freePort()}/s3cret-path`;
    const { failed } = await notify([webhook(gone)], event, quick());
    assert.match(failed[0]!.message, /cannot be reached: connect ECONNREFUSED/);
    assert.ok(!failed[0]!.message.includes('s3cret'));
    const unset = await notify([webhook({ kind: 'env', name: 'HOOK' })], event, quick());
    assert.match(
      unset.failed[0]!.message,
      /the URL of the webhook ops is to come from HOOK, which is not set/,
    );
  });

  test('are told of the outcomes that they want, and one that fails does not keep the others', async (t) => {
    const server = await startHookServer(t);
    const gone = webhook(`http://127.0.0.1:${await freePort()}/`, { name: 'gone' });
    const never = webhook(server.url, { name: 'happy', on: ['success'] });
    const { told, failed } = await notify([gone, never, webhook(server.url)], event, quick());
    assert.deepEqual(told, ['ops']);
    assert.deepEqual(
      failed.map(({ name }) => name),
      ['gone'],
    );
    assert.equal(server.posts.length, 1);
  });
});

suite('mail', () => {
  const login = { user: 'holdfast', password: 'ge heim' };

  test('goes over STARTTLS with a login by reference', async (t) => {
    const certificate = await testCertificate(t);
    const { port, mails } = await startMailServer(t, { certificate, login });
    const password = join(tempFolder(t), 'password');
    writeFileSync(password, `${login.password}\n`);
    const server: MailRecipient['server'] = {
      ...{ host: '127.0.0.1', port, tls: 'starttls', user: login.user },
      password: { kind: 'file', path: password },
      caFile: certificate.authority,
    };
    assert.deepEqual(await notify([mail(server)], event, quick()), { told: ['admins'], failed: [] });
    const [received] = mails;
    assert.ok(received?.encrypted);
    assert.equal(received.user, login.user);
    assert.equal(received.from, 'backup@example.org');
    assert.deepEqual(received.to, ['a@example.org', 'b@example.org']);
    assert.match(received.content, /^Subject: nightly failed: shop\r$/m);
    assert.match(received.content, /^Auto-Submitted: auto-generated\r$/m);
    assert.match(received.content, /job nightly failed/);
  });

  test('goes over TLS from the first byte', async (t) => {
    const certificate = await testCertificate(t);
    const { port, mails } = await startMailServer(t, { certificate, implicit: true });
    const server = { host: '127.0.0.1', port, tls: 'implicit', caFile: certificate.authority } as const;
    assert.deepEqual((await notify([mail(server)], event, quick())).told, ['admins']);
    assert.ok(mails[0]?.encrypted);
  });

  test('goes in clear only where that is asked for', async (t) => {
    const { port, mails } = await startMailServer(t);
    const refused = await notify([mail({ host: '127.0.0.1', port, tls: 'starttls' })], event, quick());
    assert.match(
      refused.failed[0]?.message ?? '',
      /127\.0\.0\.1 did not take the mail for admins: .*STARTTLS/i,
    );
    assert.equal(mails.length, 0);
    const result = await notify([mail({ host: '127.0.0.1', port, tls: 'none' })], event, quick());
    assert.deepEqual(result.told, ['admins']);
  });

  test('is told not to have gone: a stranger as server, a wrong password, nobody there', async (t) => {
    const certificate = await testCertificate(t);
    const { port } = await startMailServer(t, { certificate, login });
    const server = {
      host: '127.0.0.1',
      port,
      tls: 'starttls',
      user: login.user,
      password: { kind: 'env', name: 'P' },
    } as const;
    const environment = { P: 'wr0ng' };
    const stranger = await notify([mail(server)], event, quick(environment));
    assert.match(stranger.failed[0]!.message, /certificate/);
    const context = quick(environment);
    const wrong = await notify([mail({ ...server, caFile: certificate.authority })], event, context);
    assert.match(wrong.failed[0]!.message, /Invalid login/);
    assert.ok(!wrong.failed[0]!.message.includes('wr0ng'));
    assert.deepEqual(context.waits, [], 'another try would not help');
    const gone = await notify([mail({ ...server, port: await freePort() })], event, quick(environment));
    assert.match(gone.failed[0]!.message, /ECONNREFUSED/);
  });
});
