/** What `vaults:` may say: repositories and archives, and the storage that they lie on. */
import * as z from 'zod';
import { layouts } from '../../vaults/archive/layout/layout.ts';
import { retention } from './retention.ts';
import {
  between,
  choice,
  count,
  duration,
  oneOrMany,
  place,
  secret,
  settings,
  size,
  text,
  yesOrNo,
} from './value.ts';

const named = {
  profile: oneOrMany(text, 'the name of a profile')
    .describe('profiles whose settings hold where this vault says nothing')
    .optional(),
  description: text.describe('for people').optional(),
};

const storage = {
  'retry-lock': duration.describe('go on trying to lock for this long').optional(),
  credentials: settings({
    user: text.describe('SFTP, FTP, REST: who logs in').optional(),
    password: secret.describe('SFTP, FTP, REST: where the password for that is').optional(),
    'key-file': text.describe('SFTP: file of the private key').optional(),
    'key-passphrase': secret.describe('SFTP: where the passphrase of that key is').optional(),
    'access-key': secret.describe('S3: where the access key is').optional(),
    'secret-key': secret.describe('S3: where the secret key is').optional(),
    'session-token': secret.describe('S3: where the session token is').optional(),
  })
    .describe('what the storage asks for; the environment tells it otherwise')
    .optional(),
  options: z
    .record(
      text,
      z.union([text, z.number(), z.boolean()], { error: 'expected text, a number, true or false' }),
      {
        error: 'expected settings of the storage by name, such as s3.region: eu-west-1',
      },
    )
    .describe('settings of the storage, as -o has them: s3.region and the like')
    .optional(),
  'limit-upload': size.describe('upload at most so many bytes a second').optional(),
  'limit-download': size.describe('download at most so many bytes a second').optional(),
  'ca-files': oneOrMany(text, 'a file').describe('PEM files of certificate authorities to trust').optional(),
  'client-certificate': text.describe('PEM file with client certificate and key').optional(),
  'insecure-tls': yesOrNo.describe('do not verify TLS certificates (insecure)').optional(),
  'user-agent': text.describe('user agent of HTTP requests').optional(),
  'stuck-request-timeout': duration.describe('give up a silent request after this long').optional(),
  retention: retention.describe('what is kept there, of jobs that do not say it themselves').optional(),
};

const repository = {
  password: secret.describe('where the password of the repository is').optional(),
  'key-hint': text.describe('id of the key to try first').optional(),
  create: yesOrNo.describe('let a job make the repository when it is not there').optional(),
  compression: choice(['auto', 'off', 'fastest', 'better', 'max'])
    .describe('how hard to compress')
    .optional(),
  'pack-size': between(4, 128, 'a number of MiB').describe('target size of packs, in MiB').optional(),
  cache: yesOrNo.describe('keep a local cache; true without it').optional(),
};

const anEncoding =
  'expected an encoding: gzip (gzip:1 to gzip:9), lz4, zstd (zstd:1 to zstd:19), openpgp, age or none';
const encoding = z
  .string({ error: anEncoding })
  .regex(/^(?:none|lz4|openpgp|age|gzip(?::[1-9])?|zstd(?::(?:1?[1-9]|10))?)$/, { error: anEncoding });

const artefact = settings({
  format: choice(['sql', 'custom']).describe('plain SQL for psql, or the custom format for pg_restore'),
  owner: yesOrNo.describe('false: without who owns what').optional(),
  privileges: yesOrNo.describe('false: without who may do what').optional(),
  clean: yesOrNo.describe('true: what is there by the same name goes before it is made').optional(),
  'if-exists': yesOrNo.describe('true: what goes before need not be there').optional(),
  'sql-in-name': yesOrNo.describe('false: shop.gz instead of shop.sql.gz').optional(),
  mask: text.describe('file of rules by which personal data becomes something else').optional(),
}).superRefine((artefact, { addIssue }) => {
  const refuse = (setting: string, message: string): void =>
    addIssue({ code: 'custom', path: [setting], message });
  for (const setting of ['clean', 'if-exists', 'sql-in-name', 'mask'] as const) {
    if (artefact.format === 'custom' && artefact[setting] !== undefined) {
      refuse(setting, `expected ${setting} beside format: sql alone`);
    }
  }
  if (artefact['if-exists'] && !artefact.clean) refuse('if-exists', 'expected clean: true beside if-exists');
});

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format(0) !== '';
  } catch {
    return false;
  }
}

const archive = {
  layout: choice(layouts)
    .describe('how files are named; as it is, and dated for a new archive, without it')
    .optional(),
  encode: oneOrMany(encoding, 'an encoding')
    .describe(
      'what files pass through: one that compresses (zstd:19 has a level), then one that encrypts; gzip without it',
    )
    .optional(),
  recipients: oneOrMany(text, 'a recipient')
    .describe('who can open what is encrypted: files of OpenPGP certificates; age1... or files of such')
    .optional(),
  identities: oneOrMany(text, 'a file')
    .describe('what opens it again, for what reads: OpenPGP private keys, age identities')
    .optional(),
  passphrase: secret.describe('where the passphrase of a locked key is').optional(),
  artefacts: oneOrMany(artefact, 'settings of a dump')
    .describe('several dumps of one state of a database; one of plain SQL without it')
    .optional(),
  versions: z
    .union(
      [
        z.literal(false),
        settings({
          count: count.describe('old versions of each file that stay; 45 without it').optional(),
          days: between(1, 36_500, 'a number of days')
            .describe('days after which the others go; 1 without it')
            .optional(),
        }),
      ],
      { error: 'expected false, or settings: some of count, days' },
    )
    .describe(
      'latest on S3: the history that the bucket keeps, which every run sees to; false: nothing is set',
    )
    .optional(),
  zone: text
    .refine(isZone, { error: 'expected a time zone such as Europe/Berlin or UTC' })
    .describe('time zone of the names, such as Europe/Berlin; that of this machine without it')
    .optional(),
};

export const vaultKinds = {
  repository: settings({
    repository: place.describe('a location: a path, s3:..., sftp:..., rest:..., rclone:...'),
    ...repository,
    ...storage,
    ...named,
  }),
  archive: settings({
    archive: place.describe('a location: a path, s3:..., sftp:..., ftp:..., rclone:...'),
    ...archive,
    ...storage,
    ...named,
  }),
};

/** What defaults and profiles may say of vaults; each takes what it knows. */
export const vaultDefaults = settings({ ...repository, ...archive, ...storage });

export type RepositoryVault = z.infer<typeof vaultKinds.repository>;
export type ArchiveVault = z.infer<typeof vaultKinds.archive>;
