/** The first configuration of somebody: a commented file from what they answered. */
import { stringify } from 'yaml';
import { isDatabaseUrl } from '../sources/database/drivers.ts';

export interface FirstAnswers {
  /** paths of files and folders, and URLs of databases */
  readonly sources: readonly NewSource[];
  readonly vault: NewVault;
  /** how many of each are kept; 0 for none */
  readonly keep: { readonly daily: number; readonly weekly: number; readonly monthly: number };
  /** a URL to post to, or a mail address with its server */
  readonly notification: NewNotification | undefined;
}

export interface NewSource {
  /** a path, or the URL of a database */
  readonly what: string;
  /** reference to the password of a database */
  readonly password: string | undefined;
}

export interface NewVault {
  /** a location, with `archive:` before it for an archive */
  readonly location: string;
  /** reference to the password of a repository */
  readonly password: string | undefined;
}

export type NewNotification =
  { readonly webhook: string } | { readonly mail: string; readonly from: string; readonly server: string };

const archivePrefix = 'archive:';

export function isArchiveLocation(location: string): boolean {
  return location.startsWith(archivePrefix);
}

/** The text of the file. */
export function newConfigFile({ sources, vault, keep, notification }: FirstAnswers): string {
  const names = new Set<string>();
  const paths = sources.filter(({ what }) => !isDatabaseUrl(what)).map(({ what }) => what);
  const blocks: string[] = [];
  if (paths.length > 0) {
    names.add('files');
    blocks.push(
      `  files:\n    paths:\n${paths.map((path) => `      - ${scalar(path)}\n`).join('')}` +
        `    # leave out what can be had again\n    # exclude: ['*.tmp', node_modules]\n    exclude-caches: true\n`,
    );
  }
  for (const { what, password } of sources.filter(({ what }) => isDatabaseUrl(what))) {
    const name = freeName(databaseName(what), names);
    const where =
      password === undefined
        ? what.startsWith('sqlite:')
          ? ''
          : `    # where its password is; without this line the database's own places are looked at\n    # password: env:DATABASE_PASSWORD\n`
        : `    password: ${scalar(password)}\n`;
    blocks.push(`  ${name}:\n    url: ${scalar(what)}\n${where}`);
  }
  const list = [...names].join(', ');
  return `# The configuration of Holdfast. \`holdfast config check\` looks for mistakes, docs/configuration.md explains every
# setting. Passwords do not stand here: env:NAME, file:PATH or command:COMMAND says where one is.

# what is backed up
sources:
${blocks.join('')}
# where to
vaults:
${vaultBlock(vault)}
# what \`holdfast run\` does: \`0 1 * * * holdfast run nightly\` in a crontab does it every night
jobs:
  nightly:
    sources: [${list}]
    vaults: [main]
${retentionBlock(keep)}    # look for damage afterwards, and prove that it can be restored
    check: true
    # drill: true
    # hooks:
    #   before: systemctl stop app
    #   after: systemctl start app
${notification ? '    notify: [admins]\n' : '    # notify: [admins]\n'}
${notificationBlock(notification)}`;
}

function vaultBlock({ location, password }: NewVault): string {
  if (isArchiveLocation(location)) {
    const place = location.slice(archivePrefix.length);
    return `  main:
    # plain files that anybody can read: dumps in dated folders
    archive: ${scalar(place)}
    layout: dated
    encode: gzip
`;
  }
  return `  main:
    # a restic repository: deduplicated, compressed, encrypted
    repository: ${scalar(location)}
    # whoever loses this loses the backups: keep a copy elsewhere
    password: ${scalar(password ?? 'env:HOLDFAST_PASSWORD')}
    # the first run makes it
    create: true
`;
}

function retentionBlock(keep: FirstAnswers['keep']): string {
  const rules = Object.entries(keep).filter(([, count]) => count > 0);
  if (rules.length === 0)
    return '    # everything is kept; what is to be kept otherwise:\n    # retention: { daily: 7 }\n';
  const lines = rules.map(([name, count]) => `      ${name}: ${count}\n`);
  return `    # the last of each of so many days, weeks and months; nothing else is kept\n    retention:\n${lines.join('')}`;
}

function notificationBlock(notification: NewNotification | undefined): string {
  const head = '# who is told when something is wrong\n';
  if (!notification) {
    return `${head}# notifications:
#   admins:
#     webhook: env:WEBHOOK_URL
#   postmaster:
#     mail: admin@example.org
#     from: backup@example.org
#     server: smtp.example.org
`;
  }
  const settings =
    'webhook' in notification
      ? `    webhook: ${scalar(notification.webhook)}\n`
      : `    mail: ${scalar(notification.mail)}\n    from: ${scalar(notification.from)}\n    server: ${scalar(notification.server)}\n` +
        `    # tls: starttls, user and password: where the server asks for them\n`;
  return `${head}notifications:\n  admins:\n${settings}    when: [warning, failure]\n`;
}

function databaseName(url: string): string {
  const [path = ''] = url.split('?');
  const last = path.split('/').at(-1) ?? '';
  const name = last
    .replace(/^sqlite:/, '')
    .replace(/\.(?:db|sqlite3?)$/, '')
    .replaceAll(/[^A-Za-z0-9_.-]/g, '-');
  return /^[A-Za-z0-9]/.test(name) ? name : 'databases';
}

function freeName(wanted: string, names: Set<string>): string {
  let name = wanted;
  for (let i = 2; names.has(name); i++) name = `${wanted}-${i}`;
  names.add(name);
  return name;
}

/** As YAML has it, in quotes where it must be. */
function scalar(text: string): string {
  return stringify(text, { lineWidth: 0 }).trim();
}
