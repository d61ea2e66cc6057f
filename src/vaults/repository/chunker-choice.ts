/** Which chunker a repository uses: a field of ours in its config, which restic ignores and never rewrites. */
import type { RepositoryConfig } from './format/config.ts';

/** 'rabin' cuts where restic cuts, so that both deduplicate against each other; 'fast' is several times faster. */
export type ChunkerKind = 'rabin' | 'fast';

const field = 'holdfast_chunker';

/** The config's extra field for a choice; rabin is what the absence of the field means. */
export function chunkerField(kind: ChunkerKind): Record<string, unknown> {
  return kind === 'rabin' ? {} : { [field]: kind };
}

/** The choice a config states. A chunker that this program does not know would only cost deduplication: rabin. */
export function chunkerOf(config: RepositoryConfig): ChunkerKind {
  return config.extra[field] === 'fast' ? 'fast' : 'rabin';
}
