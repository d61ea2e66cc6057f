/** What `sources:` may say: file trees, databases, and what a command prints. */
import type * as z from 'zod';
import { isDatabaseUrl } from '../../sources/database/drivers.ts';
import {
  between,
  choice,
  duration,
  oneOrMany,
  place,
  secret,
  settings,
  size,
  text,
  yesOrNo,
} from './value.ts';

const patterns = oneOrMany(text, 'a pattern');

const named = {
  profile: oneOrMany(text, 'the name of a profile')
    .describe('profiles whose settings hold where this source says nothing')
    .optional(),
  description: text.describe('for people').optional(),
};

/** Of sources whose files in archives are not named by the user already. */
const inArchives = {
  'archive-name': text
    .describe(
      'what its files are called in archives; after the server and the database, or the path, without it',
    )
    .optional(),
};

const common = {
  host: text.describe('host name of its snapshots; this machine without it').optional(),
  tags: oneOrMany(text, 'a tag').describe('tags of its snapshots').optional(),
  'skip-if-unchanged': yesOrNo.describe('make no snapshot when nothing changed').optional(),
};

const files = {
  exclude: patterns.describe('leave out what matches').optional(),
  iexclude: patterns.describe('the same, whatever the case').optional(),
  include: patterns.describe('take only what matches').optional(),
  iinclude: patterns.describe('the same, whatever the case').optional(),
  'exclude-files': oneOrMany(text, 'a file').describe('files of such patterns').optional(),
  'exclude-if-present': oneOrMany(text, 'a name')
    .describe('leave out what lies beside a file of this name')
    .optional(),
  'exclude-caches': yesOrNo.describe('leave out directories that CACHEDIR.TAG marks as caches').optional(),
  'exclude-larger-than': size.describe('leave out larger files').optional(),
  'one-file-system': yesOrNo.describe('stay on the file systems of the paths').optional(),
  'sqlite-consistent': yesOrNo
    .describe('store SQLite databases among the files in one state each')
    .optional(),
  'ignore-ctime': yesOrNo.describe('files whose change time alone differs are unchanged').optional(),
  'ignore-inode': yesOrNo.describe('the same, and for those whose inode differs').optional(),
  'with-atime': yesOrNo.describe('keep access times').optional(),
};

const database = {
  password: secret.describe('where the password of the database is').optional(),
  databases: patterns.describe('of a server, take these databases alone').optional(),
  'exclude-databases': patterns.describe('of a server, leave these databases out').optional(),
  tables: patterns.describe('take these tables alone').optional(),
  'exclude-tables': patterns.describe('leave these tables out').optional(),
  'exclude-table-data': patterns.describe('take these tables without their rows').optional(),
  schemas: patterns.describe('take these schemas alone').optional(),
  'exclude-schemas': patterns.describe('leave these schemas out').optional(),
  format: choice(['sql', 'custom']).describe('keep it as one file, for psql or for pg_restore').optional(),
  connections: between(1, 64, 'a number')
    .describe('read large tables at once, over so many connections')
    .optional(),
  globals: yesOrNo.describe('take along roles and tablespaces of the server').optional(),
  mask: text.describe('file of rules by which personal data becomes something else').optional(),
  'drill-schema': text.describe('drills fail when this schema has no table (PostgreSQL)').optional(),
  'stall-timeout': duration.describe('give up when the database sends nothing for so long').optional(),
};

const aDatabase = 'expected the URL of a database, such as postgres://user@host/database or sqlite:/path';

export const sourceKinds = {
  paths: settings({
    paths: oneOrMany(text, 'a path').describe('files and folders to back up'),
    ...files,
    ...inArchives,
    ...common,
    ...named,
  }),
  url: settings({
    url: place
      .refine(isDatabaseUrl, { error: aDatabase })
      .describe('a database, or with /* all of a server: postgres://, mysql://, mariadb://, sqlite:'),
    ...database,
    ...inArchives,
    ...common,
    ...named,
  }),
  command: settings({
    command: oneOrMany(text, 'a command line').describe(
      'back up what this command prints: a line for the shell, or a list of words',
    ),
    filename: text.describe('name of the file in the snapshot'),
    ...common,
    ...named,
  }),
};

/** What defaults and profiles may say of sources; each takes what it knows. */
export const sourceDefaults = settings({ ...files, ...database, ...common });

export type FileSource = z.infer<typeof sourceKinds.paths>;
export type DatabaseSource = z.infer<typeof sourceKinds.url>;
export type CommandSource = z.infer<typeof sourceKinds.command>;
