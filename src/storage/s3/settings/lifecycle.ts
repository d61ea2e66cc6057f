/** The lifecycle rule of ours in a bucket's configuration: set, and kept right. */
import { HoldfastError } from '../../../kernel/errors.ts';
import type { S3Client } from '../client.ts';
import type { LifecycleRule } from './lifecycle-rule.ts';
import { describeRule, idOf, parseRule, ruleXml, rulesOf, sameRule } from './lifecycle-rule.ts';
import { readSetting, writeSetting, xmlNamespace } from './setting.ts';
import type { EnsureOptions, SettingOutcome } from './setting.ts';

/** Old versions go no sooner than this while it is tried whether the server counts them. */
const safeDays = 3650;

const setting = 'lifecycle';

/**
 * Sets the rule for `rule.prefix` and keeps it right: call it on every run; when nothing is to change it only reads. The
 * rule is known by its id; all other rules of the bucket stay as they are, to the byte.
 *
 * A server that does not count old versions (`newerNoncurrentVersions`) would delete all of them after
 * `noncurrentDays`: there they are kept for as many days as versions were asked for. What the server does not know is
 * told in the outcome's `missing`. Throws what S3 calls throw; a refusal for lack of permission is
 * the state `refused`.
 *
 * An archive with the layout `latest` has it from its storage, as `Storage.keepVersions`.
 */
export async function ensureLifecycle(
  client: S3Client,
  rule: LifecycleRule,
  options: EnsureOptions = {},
): Promise<SettingOutcome> {
  const { dryRun, signal } = options;
  const found = await readSetting(client, 'lifecycle', signal);
  if (found.kind === 'unknown') return unknown();
  if (found.kind === 'refused') return { setting, state: 'refused', detail: found.words };
  const rules = found.kind === 'set' ? rulesOf(found.xml) : [];
  const id = ruleId(rule.prefix);
  const others = rules.filter((text) => idOf(text) !== id);
  const own = rules.find((text) => idOf(text) === id);
  const current = own === undefined ? undefined : parseRule(own);
  const fits = client.endpoint.isAws ? sameRule : isAsGoodAs;
  if (current !== undefined && fits(current, rule)) return outcome('kept', current, rule);
  if (dryRun) return { setting, state: 'changed', detail: change(current, rule) };

  const put = async (wanted: LifecycleRule): Promise<LifecycleRule | SettingOutcome> => {
    const body = [...others, ruleXml(id, wanted)].join('');
    const xml = `<LifecycleConfiguration ${xmlNamespace}>${body}</LifecycleConfiguration>`;
    const answer = await writeSetting(client, 'lifecycle', xml, signal);
    if (answer.kind === 'refused') return { setting, state: 'refused', detail: answer.words };
    if (answer.kind !== 'set') return unknown();
    return readBack(client, id, signal);
  };
  let wanted = rule;
  if (rule.newerNoncurrentVersions !== undefined) {
    const tried = await put({ ...rule, noncurrentDays: Math.max(safeDays, rule.noncurrentDays) });
    if ('setting' in tried) return tried;
    if (tried.newerNoncurrentVersions === undefined) wanted = withoutCount(rule);
  }
  const written = await put(wanted);
  if ('setting' in written) return written;
  return { ...outcome('changed', written, rule), detail: change(current, written) };
}

/** The name of our rule for a prefix. */
function ruleId(prefix: string): string {
  return `holdfast ${prefix}`.slice(0, 255).trimEnd();
}

/** What stands in the place of a count where a server knows none: a day for each version. */
function withoutCount(rule: LifecycleRule): LifecycleRule {
  const { newerNoncurrentVersions: count = 0, ...rest } = rule;
  return { ...rest, noncurrentDays: Math.max(rule.noncurrentDays, count) };
}

/** True for the rule itself, and for what some server has made of it. */
function isAsGoodAs(current: LifecycleRule, rule: LifecycleRule): boolean {
  const forms = [rule, withoutCount(rule)];
  return forms.some((form) =>
    [form, { ...form, abortedUploadDays: undefined }, { ...form, expiredDeleteMarkers: false }].some((one) =>
      sameRule(current, one),
    ),
  );
}

async function readBack(
  client: S3Client,
  id: string,
  signal: AbortSignal | undefined,
): Promise<LifecycleRule> {
  const found = await readSetting(client, 'lifecycle', signal);
  const text = found.kind === 'set' ? rulesOf(found.xml).find((one) => idOf(one) === id) : undefined;
  const rule = text === undefined ? undefined : parseRule(text);
  if (rule !== undefined) return rule;
  throw new HoldfastError(
    'failed',
    `${client.endpoint.name} has not kept the lifecycle rule of ${client.bucket}`,
    {
      hint: 'somebody else may be changing the rules; look at them, and try again',
    },
  );
}

function outcome(state: 'kept' | 'changed', now: LifecycleRule, rule: LifecycleRule): SettingOutcome {
  const missing = [
    ...(now.newerNoncurrentVersions === rule.newerNoncurrentVersions
      ? []
      : [`it does not count old versions, and keeps them for ${now.noncurrentDays} days instead`]),
    ...(now.expiredDeleteMarkers === rule.expiredDeleteMarkers ? [] : ['it does not remove delete markers']),
    ...(now.abortedUploadDays === rule.abortedUploadDays
      ? []
      : ['it does not remove aborted uploads by a rule']),
  ];
  const detail = describeRule(now);
  return { setting, state, detail, ...(missing.length > 0 && { missing: missing.join(', ') }) };
}

function change(current: LifecycleRule | undefined, rule: LifecycleRule): string {
  return `${current === undefined ? 'no rule' : describeRule(current)} -> ${describeRule(rule)}`;
}

function unknown(): SettingOutcome {
  return { setting, state: 'unknown', detail: 'old versions are never removed' };
}
