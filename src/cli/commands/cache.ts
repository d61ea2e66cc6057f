/** `holdfast cache` */
import type { Command } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import { parseCount } from '../values.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

interface Options {
  cleanup?: boolean;
  maxAge: string;
  size: boolean;
}

const day = 24 * 3_600_000;

export function cacheCommand(runtime: Runtime): Command {
  const command = verb('cache', '[flags]', 'Lists the local caches, or removes those that are old.')
    .option('--cleanup', 'remove old caches')
    .option('--max-age <days>', 'days without use after which a cache is old', '30')
    .option('--no-size', 'do not count their bytes')
    .action(
      action<Options>(runtime, async (invocation, operands, flags) => {
        const { terminal, settings, context } = invocation;
        if (operands.length > 0) throw new HoldfastError('usage', 'cache takes flags alone');
        const { cleanCaches, listCaches } = await import('../../operations/cache.ts');
        const { cacheBase } = await import('../local-cache.ts');
        const base = cacheBase(invocation);
        if (base === undefined) {
          throw new HoldfastError('usage', 'there is no cache to look at', {
            hint: 'leave --no-cache out, or name a folder with --cache-dir',
          });
        }
        const now = context.clock.now();
        const options = { base, maxAge: parseCount(flags.maxAge, '--max-age') * day };
        if (flags.cleanup || settings.cleanupCache) {
          const removed = (await cleanCaches(options, context)).length;
          if (terminal.json) return terminal.emit({ message_type: 'summary', removed });
          return terminal.say(
            removed === 0 ? 'no old cache dirs found' : `removed ${removed} old cache directories`,
          );
        }
        const caches = await listCaches(options, context);
        if (terminal.json) {
          return terminal.emit(
            caches.map(({ repositoryId, path, used, size, old }) => ({
              ...{ id: repositoryId, path, old },
              last_used: new Date(used).toISOString(),
              size: flags.size ? size : undefined,
            })),
          );
        }
        if (caches.length === 0) return terminal.result(`no cache dirs found, basedir is ${base}`);
        const { formatTable } = await import('../output/table.ts');
        const { formatBytes } = await import('../output/format.ts');
        const rows = caches.map(({ repositoryId, used, size, old }) => [
          repositoryId.slice(0, 10),
          `${Math.floor((now - used) / day)} days ago`,
          old ? 'yes' : '',
          ...(flags.size ? [formatBytes(size).padStart(11)] : []),
        ]);
        const header = ['Repo ID', 'Last Used', 'Old', ...(flags.size ? ['Size'] : [])];
        for (const line of formatTable({ header, rows })) terminal.result(line);
        terminal.result(`${caches.length} cache dirs in ${base}`);
      }),
    );
  return withExamples(command, [
    ['holdfast cache', 'what there is'],
    ['holdfast cache --cleanup --max-age 7', 'remove what a week did not need'],
  ]);
}
