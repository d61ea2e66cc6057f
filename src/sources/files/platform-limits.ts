/** What this system cannot keep of a file, said once a run instead of at every file. */
import { attributesSupported } from '../../kernel/native/xattr.ts';

/** One sentence, or undefined where everything is kept and restored. */
export function platformLimits(): string | undefined {
  if (attributesSupported) return undefined;
  return 'extended attributes, access control lists, fifos, devices and exact nanoseconds are not kept here: the calls of the C library are not available';
}
