/**
 * How an archive lays out its artefacts: `daily` and `rolling` as backup-container has them, `flat` as it has its
 * copies, `latest` with stable names, `dated` with one folder a run. Pure: names from what an artefact is, and back.
 */
import { HoldfastError } from '../../../kernel/errors.ts';
import { splitExtension } from './extension.ts';
import { instantOf, isLastOfMonth, wallText, wallTimeOf } from './wall-clock.ts';

export const layouts = ['daily', 'rolling', 'flat', 'latest', 'dated'] as const;
export type Layout = (typeof layouts)[number];

/** The folders of `rolling`. */
export const tiers = ['daily', 'weekly', 'monthly'] as const;
export type Tier = (typeof tiers)[number];

/** Of what an artefact is made. Without a host, names have the database alone. */
export interface Identity {
  readonly host: string;
  /** or what else has a name: a folder, a stream */
  readonly database: string;
}

export interface ArtefactSpec extends Identity {
  /** milliseconds since 1970 */
  readonly time: number;
  /** an IANA name; this machine's zone when undefined. `dated` is in UTC whatever this says. */
  readonly zone?: string | undefined;
  /** with all of its dots: `.sql.gz`, `.anon.sql.gz`, `.tar.zst.age` */
  readonly extension: string;
  /** of `rolling`: `tierOf` when undefined */
  readonly tier?: Tier | undefined;
}

export interface ParsedArtefact {
  /** `host-database`, encoded as in the name */
  readonly core: string;
  /** milliseconds since 1970; undefined in `latest` */
  readonly time: number | undefined;
  readonly tier: Tier | undefined;
  readonly extension: string;
}

/** Code `usage`. */
export function parseLayout(text: string): Layout {
  const found = layouts.find((layout) => layout === text);
  if (found) return found;
  throw new HoldfastError('usage', `"${text}" is no layout of an archive`, {
    hint: `layouts are ${layouts.join(', ')}`,
  });
}

/** `host-database`, with what a file's name cannot have percent-encoded. Two identities may share one, as they always did. */
export function coreName({ host, database }: Identity): string {
  const core = host === '' ? database : `${host}-${database}`;
  const encoded = core.replaceAll(/[/%\\\0-\x1f\x7f]|^\./g, (character) =>
    character === '.' ? '%2E' : encodeURIComponent(character),
  );
  if (encoded === '') throw new HoldfastError('usage', 'what is backed up to an archive needs a name');
  return encoded;
}

/**
 * The tier of `rolling` that a backup made at this time belongs to: monthly on the last day of a month, weekly on a
 * Sunday, else daily. A kind that is not kept leaves its day to the next one.
 */
export function tierOf(
  time: number,
  kept: { readonly weekly: number; readonly monthly: number },
  zone?: string,
): Tier {
  const wall = wallTimeOf(time, zone);
  if (kept.monthly !== 0 && isLastOfMonth(wall)) return 'monthly';
  return wall.weekday === 0 && kept.weekly !== 0 ? 'weekly' : 'daily';
}

/** The whole name of an artefact in the archive. */
export function artefactName(layout: Layout, spec: ArtefactSpec): string {
  const core = coreName(spec);
  if (layout === 'latest') return `${core}${spec.extension}`;
  if (layout === 'dated') return `${runFolder(spec)}${core}${spec.extension}`;
  const { date, clock } = wallText(wallTimeOf(spec.time, spec.zone));
  const file = `${core}_${date}_${clock}${spec.extension}`;
  if (layout === 'flat') return file;
  const tier = spec.tier ?? tierOf(spec.time, { weekly: 1, monthly: 1 }, spec.zone);
  return layout === 'daily' ? `${date}/${file}` : `${tier}/${date}/${file}`;
}

/** The folder of a run in `dated`, with its `/`: `2026-11-21_01-00-00Z_db-shop/`. */
export function runFolder(spec: Identity & { readonly time: number }): string {
  const { date, clock } = wallText(wallTimeOf(spec.time, 'UTC'));
  return `${date}_${clock}Z_${coreName(spec)}/`;
}

/** One or more parts of letters and digits: neither `.sql.gz.in_progress` nor `.sql.gz~` is one. */
const extension = String.raw`(?:\.[A-Za-z0-9]+)+`;
const date = String.raw`\d{4}-\d\d-\d\d`;
const clock = String.raw`\d\d-\d\d-\d\d`;

const dailyFile = new RegExp(`^(${date})/(.+)_(${date})_(${clock})(${extension})$`);
const datedFile = new RegExp(`^(${date})_(${clock})Z_([^/]+)/([^/]+)$`);

/** What a name says; undefined for what is no artefact of this layout. Manifests and unfinished files are none. */
export function parseArtefact(layout: Layout, name: string, zone?: string): ParsedArtefact | undefined {
  switch (layout) {
    case 'daily':
      return parseDaily(name, undefined, zone);
    case 'rolling': {
      const tier = tiers.find((tier) => name.startsWith(`${tier}/`));
      return tier && parseDaily(name.slice(tier.length + 1), tier, zone);
    }
    case 'flat':
      return name.includes('/') ? undefined : parseDaily(`2000-01-01/${name}`, undefined, zone);
    case 'dated': {
      const found = datedFile.exec(name);
      if (!found) return undefined;
      const [, day, hour, core, file] = found as unknown as [string, string, string, string, string];
      const rest = file.startsWith(core) ? file.slice(core.length) : '';
      const time = instantOf(day, hour, 'UTC');
      if (time === undefined || !new RegExp(`^${extension}$`).test(rest)) return undefined;
      return { core, time, tier: undefined, extension: rest };
    }
    case 'latest': {
      if (name.includes('/') || name.startsWith('.') || name.endsWith(manifestSuffix)) return undefined;
      const { stem, extension } = splitExtension(name);
      return extension === '' ? undefined : { core: stem, time: undefined, tier: undefined, extension };
    }
  }
}

function parseDaily(
  name: string,
  tier: Tier | undefined,
  zone: string | undefined,
): ParsedArtefact | undefined {
  const found = dailyFile.exec(name);
  if (!found) return undefined;
  const [, folder, core, day, hour, extension] = found as unknown as string[];
  // the folder is made before the file's name is: midnight may lie between them
  const time = instantOf(day!, hour!, zone);
  if (time === undefined || core!.includes('/') || instantOf(folder!, '00-00-00', zone) === undefined)
    return undefined;
  return { core: core!, time, tier, extension: extension! };
}

/** What the manifest of an artefact adds to its name in `latest`. */
export const manifestSuffix = '.manifest.json';
