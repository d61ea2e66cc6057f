/** What `jobs:` and `groups:` may say. */
import * as z from 'zod';
import { parseSubset } from '../../operations/check/subset.ts';
import { retention } from './retention.ts';
import { choice, duration, oneOrMany, settings, size, text, yesOrNo } from './value.ts';

const commandLine = oneOrMany(text, 'a command line').describe('a line for the shell, or a list of words');

const hook = z.union(
  [
    text,
    settings({
      run: commandLine,
      timeout: duration.describe('it is ended after this long; 10m without it').optional(),
      'on-error': choice(['stop', 'continue'])
        .describe('what becomes of the run when it fails; stop without it')
        .optional(),
    }),
  ],
  { error: 'expected a command line, or settings: some of run, timeout, on-error' },
);

const hooks = settings({
  before: oneOrMany(hook, 'a command').describe('run before the first source is read').optional(),
  after: oneOrMany(hook, 'a command')
    .describe('run when the last source was read, whatever became of it, once a hook before was started')
    .optional(),
  'on-failure': oneOrMany(hook, 'a command').describe('run at the end of a run that failed').optional(),
});

const isSubset = (value: string): boolean => {
  try {
    parseSubset(value);
    return true;
  } catch {
    return false;
  }
};
const aSubset = 'expected a part of the data such as 5%, 1/7 or 10G';
const check = z.union(
  [
    z.boolean(),
    settings({
      'read-data': yesOrNo.describe('read and verify all data').optional(),
      'read-data-subset': z
        .string({ error: aSubset })
        .refine(isSubset, { error: aSubset })
        .describe('read and verify a part of it: 5%, 1/7 or 10G')
        .optional(),
    }),
  ],
  { error: 'expected true, false, or settings: some of read-data, read-data-subset' },
);

const drill = z.union(
  [
    z.boolean(),
    settings({
      queries: text.describe('file of SQL with queries and the answers that are expected').optional(),
      certificates: text.describe('folder that certificates are written to').optional(),
      'signing-key': text
        .describe(
          "file of an Ed25519 key in PEM that signs them; a repository's own without it, an archive has none",
        )
        .optional(),
    }),
  ],
  { error: 'expected true, false, or settings: some of queries, certificates, signing-key' },
);

const aPercentage = 'expected a percentage below 100 such as 5%, a size, or unlimited';
const maxUnused = z.union(
  [z.literal('unlimited'), z.string().regex(/^\d{1,2}(\.\d+)?%$/, { error: aPercentage }), size],
  {
    error: aPercentage,
  },
);
const prune = z.union(
  [
    z.boolean(),
    settings({ 'max-unused': maxUnused.describe('unused data that may stay; 5% without it').optional() }),
  ],
  { error: 'expected true, false, or settings: max-unused' },
);

const aRatio = 'expected a number from 0 to 1';
const work = {
  vaults: oneOrMany(text, 'the name of a vault')
    .describe('where to; each of them gets all sources')
    .optional(),
  retention: z
    .union([z.literal(false), retention], { error: 'expected what to keep, such as daily: 7, or false' })
    .describe('what is kept of these sources; nothing is removed without it')
    .optional(),
  prune: prune.describe('free the space when snapshots were removed; true without it').optional(),
  'min-size-ratio': z
    .number({ error: aRatio })
    .min(0, { error: aRatio })
    .max(1, { error: aRatio })
    .describe(
      'nothing is removed, and nothing replaced that has no versions, when a new backup is smaller than this part of its elders; 0.5 without it',
    )
    .optional(),
  check: check.describe('look for damage afterwards').optional(),
  drill: drill.describe('prove that what was backed up can be restored').optional(),
  hooks: hooks.describe('commands before and after').optional(),
  notify: oneOrMany(text, 'the name of a notification').describe('who is told').optional(),
  host: text.describe('host name of the snapshots, of sources that do not say it themselves').optional(),
  tags: oneOrMany(text, 'a tag').describe('tags of the snapshots, besides those of the sources').optional(),
};

export const job = settings({
  sources: oneOrMany(text, 'the name of a source').describe('what is backed up').optional(),
  group: text.describe('a group, all of whose sources are backed up as of one time').optional(),
  ...work,
  profile: oneOrMany(text, 'the name of a profile')
    .describe('profiles whose settings hold where this job says nothing')
    .optional(),
  description: text.describe('for people').optional(),
});

/** What defaults and profiles may say of jobs. */
export const jobDefaults = settings(work);

export const group = settings({
  sources: oneOrMany(text, 'the name of a source').describe('what belongs together'),
  hooks: hooks.describe('commands before and after, inside those of the job').optional(),
  description: text.describe('for people').optional(),
});

export type JobSettings = z.infer<typeof job>;
export type GroupSettings = z.infer<typeof group>;
export type HooksSettings = z.infer<typeof hooks>;
