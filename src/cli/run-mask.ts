/** Runs the verbs of `mask`: a sample of a database, and what rules make of it. */
import { HoldfastError } from '../kernel/errors.ts';
import { openStoredDatabase } from '../operations/database/database-dump.ts';
import { driverOfKind, isDatabaseUrl } from '../sources/database/drivers.ts';
import { checkDatabase, refuseLargeObjects } from '../sources/masking/rule-conflicts.ts';
import { loadMaskingRules } from '../sources/masking/rules-file.ts';
import { openPaths } from '../sources/masking/open-paths.ts';
import { suggestRules, uncovered } from '../sources/masking/suggest-rules.ts';
import { tableLabel } from '../sources/masking/column-maskers.ts';
import type { DatabaseSample } from '../sources/masking/table-sample.ts';
import { writeRules } from '../sources/masking/write-rules.ts';
import type { StoredDatabase } from '../sources/database/driver.ts';
import { openOneFile } from '../operations/database/open-one-file.ts';
import { setting } from './environment.ts';
import { databaseOperand } from './database-operand.ts';
import { plural } from './output/format.ts';
import { withRepository } from './session.ts';
import { snapshotFilter, type SnapshotFlags } from './snapshot-flags.ts';
import type { Invocation } from './verb.ts';

/** of large objects, for messages */
const unmasked = 'the database has large objects, whose content no rule masks';

export async function runMaskSuggest(
  invocation: Invocation,
  operand: string,
  flags: SnapshotFlags,
): Promise<void> {
  const { terminal } = invocation;
  await withSample(invocation, operand, flags, async (sample) => {
    const suggestions = await suggestRules(sample);
    const personal = suggestions.filter(({ why }) => why !== undefined);
    if (terminal.json) {
      const columns = suggestions.map(({ table, column, rule, why }) => ({
        ...{ schema: table.schema, table: table.name, column, rule, reason: why },
      }));
      return terminal.emit({ message_type: 'rules', columns, large_objects: sample.largeObjects === true });
    }
    // a URL may have a secret in its parameters
    const of = isDatabaseUrl(operand) ? 'a live database' : `snapshot ${operand}`;
    const text = writeRules(suggestions, of, sample.largeObjects);
    for (const line of text.trimEnd().split('\n')) terminal.result(line);
    if (sample.largeObjects) terminal.complain(`${unmasked}: the rules empty them`);
    terminal.complain(
      `${plural(personal.length, 'column')} of ${suggestions.length} look personal: look at the rules before you rely on them`,
    );
  });
}

/** Code `failed` when something looks personal and stays; `usage` for rules that do not fit the database. */
export async function runMaskCheck(
  invocation: Invocation,
  file: string,
  operand: string,
  flags: SnapshotFlags,
): Promise<void> {
  const { terminal, context } = invocation;
  const rules = await loadMaskingRules(file);
  await withSample(invocation, operand, flags, async (sample) => {
    checkDatabase(rules, sample.shape, (message) => context.warn(message));
    if (sample.largeObjects) {
      refuseLargeObjects(rules);
      if (rules.largeObjects === 'keep') context.warn(`${unmasked}, and the rules keep them as they are`);
    }
    const paths = await openPaths(rules, sample);
    for (const [column, missing] of paths) {
      if (terminal.json) terminal.emit({ message_type: 'unclassified', column, paths: missing });
      else terminal.result(`${column} has no rule for ${missing.join(', ')}`);
    }
    if (paths.size > 0) {
      throw new HoldfastError(
        'usage',
        `${file}: strict, and ${plural(paths.size, 'column')} of documents have values that no path leads to`,
        { hint: "give each path a rule; '$..*': keep as the last one keeps all the rest" },
      );
    }
    const open = uncovered(rules, await suggestRules(sample));
    for (const { table, column, why } of open) {
      const name = `${tableLabel(table)}.${column}`;
      if (terminal.json) terminal.emit({ message_type: 'uncovered', column: name, reason: why });
      else terminal.result(`${name} stays as it is: ${why}`);
    }
    if (open.length > 0) {
      throw new HoldfastError(
        'failed',
        `${plural(open.length, 'column')} look personal and stay as they are`,
        {
          hint: '`keep: { anywhere: false }` says of a column that somebody looked at it',
        },
      );
    }
    terminal.say(
      `${file} fits all ${plural(sample.shape.tables.length, 'table')}, and nothing that stays looks personal`,
    );
  });
}

async function withSample(
  invocation: Invocation,
  operand: string,
  flags: SnapshotFlags,
  use: (sample: DatabaseSample) => Promise<void>,
): Promise<void> {
  const { environment, context } = invocation;
  if (isDatabaseUrl(operand)) {
    const { driver, address, connection } = await databaseOperand({ environment }, operand);
    if (!address.sample) throw cannotBeMasked(driver.kinds);
    const warn = (message: string): void => context.warn(message);
    return use(await address.sample({ ...connection, warn, signal: context.signal }));
  }
  const filter = snapshotFilter(flags, environment);
  await withRepository(invocation, { lock: 'read', prefetch: ['index'] }, async (repository, context) => {
    const programs = (name: string): string | undefined => setting(environment, name);
    const masked = (found: StoredDatabase): Promise<StoredDatabase> =>
      openOneFile(found, { environment, programs }, context);
    const stored = await openStoredDatabase(repository, { snapshot: operand, filter, masked }, context);
    const { sample, kinds } = await driverOfKind(stored.evidence.kind);
    if (!sample) throw cannotBeMasked(kinds);
    await use(await sample(stored));
  });
}

function cannotBeMasked(kinds: readonly string[]): HoldfastError {
  return new HoldfastError('unsupported', `databases of ${kinds.join(' and ')} cannot be masked`);
}
