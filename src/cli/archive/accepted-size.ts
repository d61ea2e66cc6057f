/** What `--accept-size` and `--min-size-ratio` of a backup mean. */
import { sizeAcceptedTag } from '../../operations/archive/retention.ts';
import { type ArchiveFlags, parseSizeRatio } from '../archive-flags.ts';

/** How a backup says that its size is right: nothing that it replaces may be larger, and a tag for those who prune. */
export function acceptance(flags: ArchiveFlags): {
  readonly tags: readonly string[];
  readonly ratio?: number;
} {
  if (flags.acceptSize) return { tags: [sizeAcceptedTag], ratio: 0 };
  const ratio = parseSizeRatio(flags.minSizeRatio);
  return { tags: [], ...(ratio !== undefined && { ratio }) };
}
