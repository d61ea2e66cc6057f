/** What `retention:` may say, of a job or of a vault. */
import type * as z from 'zod';
import { keepCount, oneOrMany, period, settings, text } from './value.ts';

export const retention = settings({
  last: keepCount.describe('keep the last n').optional(),
  hourly: keepCount.describe('keep the last of each of n hours').optional(),
  daily: keepCount.describe('keep the last of each of n days').optional(),
  weekly: keepCount.describe('keep the last of each of n weeks').optional(),
  monthly: keepCount.describe('keep the last of each of n months').optional(),
  yearly: keepCount.describe('keep the last of each of n years').optional(),
  within: period.describe('keep what is newer than this before the latest').optional(),
  'within-hourly': period.describe('keep hourly ones that are newer than this').optional(),
  'within-daily': period.describe('keep daily ones that are newer than this').optional(),
  'within-weekly': period.describe('keep weekly ones that are newer than this').optional(),
  'within-monthly': period.describe('keep monthly ones that are newer than this').optional(),
  'within-yearly': period.describe('keep yearly ones that are newer than this').optional(),
  tags: oneOrMany(text, 'a tag')
    .describe('keep what has one of these tags; a,b stands for both at once')
    .optional(),
});

export type RetentionSettings = z.infer<typeof retention>;
