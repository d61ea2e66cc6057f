/** Settings from environment variables: HOLDFAST_* wins over restic's RESTIC_*; an empty variable counts as absent. */

export type Environment = Readonly<Record<string, string | undefined>>;

/** The value of HOLDFAST_`name`, else of RESTIC_`name`, else undefined. */
export function setting(environment: Environment, name: string): string | undefined {
  return settings(environment, [name])[name];
}

/**
 * The values of several names that belong together (a password can come from three places): when one of them is set
 * with the prefix HOLDFAST_, restic's variables for all of them are ignored.
 */
export function settings<Name extends string>(
  environment: Environment,
  names: readonly Name[],
): Record<Name, string | undefined> {
  const ours = names.some((name) => environment[`HOLDFAST_${name}`]);
  const prefix = ours ? 'HOLDFAST_' : 'RESTIC_';
  const found = names.map((name) => [name, environment[`${prefix}${name}`] || undefined] as const);
  return Object.fromEntries(found) as Record<Name, string | undefined>;
}

/** A switch in the environment: 1, t, true (any case) is on, everything else off. */
export function flag(environment: Environment, name: string): boolean {
  return /^(1|t|true)$/i.test(setting(environment, name) ?? '');
}
