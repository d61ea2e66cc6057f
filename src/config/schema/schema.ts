/** All of holdfast.yaml as one schema: by it each entry is checked, and of it the JSON Schema for editors is made. */
import * as z from 'zod';
import { group, job, jobDefaults } from './job.ts';
import { notificationDefaults, notificationKinds } from './notification.ts';
import { sourceDefaults, sourceKinds } from './source.ts';
import { settings } from './value.ts';
import { vaultDefaults, vaultKinds } from './vault.ts';

/** The settings of one kind of entry; which kind it is, the setting says that only this kind has. */
type Kinds = Readonly<Record<string, z.ZodObject>>;

export const sections = {
  sources: sourceKinds as Kinds,
  vaults: vaultKinds as Kinds,
  groups: { sources: group } as Kinds,
  jobs: { job } as Kinds,
  notifications: notificationKinds as Kinds,
} as const;

export type Section = keyof typeof sections;
export const sectionNames = Object.keys(sections) as Section[];

/** What defaults and each profile may say, section by section. */
export const shared = settings({
  sources: sourceDefaults.describe('settings of all sources').optional(),
  vaults: vaultDefaults.describe('settings of all vaults').optional(),
  jobs: jobDefaults.describe('settings of all jobs').optional(),
  notifications: notificationDefaults.describe('settings of all notifications').optional(),
});

export type SharedSettings = z.infer<typeof shared>;

const descriptions: Readonly<Record<Section, string>> = {
  sources: 'what is backed up, by name',
  vaults: 'where to, by name',
  groups: 'sources that are backed up together, by name',
  jobs: 'what is done in one run, by name',
  notifications: 'who is told, by name',
};

/** Of entries' names. */
export const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** The JSON Schema of a configuration file. */
export function jsonSchema(): object {
  const name = z.string().regex(namePattern);
  const entries = (section: Section) => {
    const kinds = Object.values(sections[section]);
    const entry = kinds.length === 1 ? kinds[0]! : z.union(kinds as [z.ZodObject, z.ZodObject]);
    return z.record(name, entry).describe(descriptions[section]).optional();
  };
  const file = z.strictObject({
    version: z.literal(1).describe('of this format').optional(),
    defaults: shared.describe('settings that hold where an entry and its profiles say nothing').optional(),
    profiles: z.record(name, shared).describe('settings that entries take with profile: NAME').optional(),
    ...Object.fromEntries(sectionNames.map((section) => [section, entries(section)])),
  });
  const { $schema, ...rest } = z.toJSONSchema(file, { io: 'input', reused: 'ref' });
  return { $schema, title: 'holdfast.yaml', ...rest };
}
