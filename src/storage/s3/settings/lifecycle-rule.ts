/** One rule of a bucket's lifecycle: what stands in it, as XML and back. */
import { escapeXml, textOf } from '../xml.ts';

export interface LifecycleRule {
  /** the keys that it is about; '' for the whole bucket */
  readonly prefix: string;
  /** days after which an old version goes */
  readonly noncurrentDays: number;
  /** this many old versions of each key stay all the same; undefined: none */
  readonly newerNoncurrentVersions?: number | undefined;
  /** delete markers go that have no version behind them any more */
  readonly expiredDeleteMarkers: boolean;
  /** days after which parts of uploads go that were never completed; undefined: never */
  readonly abortedUploadDays?: number | undefined;
}

/** The rules of a configuration, each as the server wrote it. */
export function rulesOf(xml: string): string[] {
  return xml.match(/<Rule>[\s\S]*?<\/Rule>/g) ?? [];
}

export function idOf(rule: string): string | undefined {
  return textOf(rule, 'ID');
}

/** Undefined for a rule that is switched off, or says anything else than we do. */
export function parseRule(rule: string): LifecycleRule | undefined {
  if (textOf(rule, 'Status') !== 'Enabled') return undefined;
  if (/<(?:Tag|And|Transition|NoncurrentVersionTransition|Days|Date|ObjectSize\w+)>/.test(rule))
    return undefined;
  const noncurrentDays = numberOf(rule, 'NoncurrentDays');
  if (noncurrentDays === undefined) return undefined;
  return {
    prefix: textOf(rule, 'Prefix') ?? '',
    noncurrentDays,
    newerNoncurrentVersions: numberOf(rule, 'NewerNoncurrentVersions'),
    expiredDeleteMarkers: textOf(rule, 'ExpiredObjectDeleteMarker') === 'true',
    abortedUploadDays: numberOf(rule, 'DaysAfterInitiation'),
  };
}

export function ruleXml(id: string, rule: LifecycleRule): string {
  const { noncurrentDays, newerNoncurrentVersions: newer, abortedUploadDays: uploads } = rule;
  const parts = [
    `<ID>${escapeXml(id)}</ID>`,
    `<Filter><Prefix>${escapeXml(rule.prefix)}</Prefix></Filter>`,
    '<Status>Enabled</Status>',
    '<NoncurrentVersionExpiration>',
    `<NoncurrentDays>${noncurrentDays}</NoncurrentDays>`,
    newer === undefined ? '' : `<NewerNoncurrentVersions>${newer}</NewerNoncurrentVersions>`,
    '</NoncurrentVersionExpiration>',
    rule.expiredDeleteMarkers
      ? '<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>'
      : '',
    uploads === undefined
      ? ''
      : `<AbortIncompleteMultipartUpload><DaysAfterInitiation>${uploads}</DaysAfterInitiation></AbortIncompleteMultipartUpload>`,
  ];
  return `<Rule>${parts.join('')}</Rule>`;
}

/** What a rule does, for people. */
export function describeRule(rule: LifecycleRule): string {
  const { noncurrentDays, newerNoncurrentVersions: newer, abortedUploadDays: uploads } = rule;
  const days = (count: number): string => (count === 1 ? '1 day' : `${count} days`);
  return [
    newer === undefined
      ? `old versions go after ${days(noncurrentDays)}`
      : `the newest ${newer} old versions stay, others go after ${days(noncurrentDays)}`,
    ...(rule.expiredDeleteMarkers ? ['expired delete markers go'] : []),
    ...(uploads === undefined ? [] : [`aborted uploads go after ${days(uploads)}`]),
  ].join(', ');
}

export function sameRule(a: LifecycleRule, b: LifecycleRule): boolean {
  return (
    a.prefix === b.prefix &&
    a.noncurrentDays === b.noncurrentDays &&
    a.newerNoncurrentVersions === b.newerNoncurrentVersions &&
    a.expiredDeleteMarkers === b.expiredDeleteMarkers &&
    a.abortedUploadDays === b.abortedUploadDays
  );
}

function numberOf(rule: string, tag: string): number | undefined {
  const text = textOf(rule, tag);
  return text === undefined ? undefined : Number(text);
}
