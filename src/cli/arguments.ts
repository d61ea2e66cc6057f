/**
 * Brings restic's way of writing flags into commander's: `--json=false`, `--verbose=2`, `-r=PATH`.
 * Values stay where they are, and nothing after `--` is touched.
 */
import type { Option } from 'commander';

/** A copy of `args`, which stand after the name of `command`. */
export function normaliseArguments(args: readonly string[], options: readonly Option[]): string[] {
  const byName = new Map<string, Option>();
  for (const option of options) {
    if (option.long) byName.set(option.long, option);
    if (option.short) byName.set(option.short, option);
  }
  const out: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === '--') return [...out, ...args.slice(at)];
    const equals = arg.indexOf('=');
    const option = byName.get(equals > 0 ? arg.slice(0, equals) : arg);
    if (!option) {
      out.push(arg);
      const last = arg.startsWith('--') ? undefined : byName.get(`-${arg.at(-1)}`);
      if (/^-[a-z]{2,}$/i.test(arg) && last?.required && everyFlagIsKnown(arg, byName)) pushNext();
    } else if (equals < 0) {
      out.push(arg);
      if (option.required) pushNext();
    } else {
      out.push(...withValue(option, arg.slice(0, equals), arg.slice(equals + 1), arg));
    }
    function pushNext(): void {
      if (at + 1 < args.length) out.push(args[++at]!);
    }
  }
  return out;
}

/** In `-vr PATH` the cluster's last flag takes the value; in `-rv` the value is `v`. */
function everyFlagIsKnown(cluster: string, byName: ReadonlyMap<string, Option>): boolean {
  return [...cluster.slice(1, -1)].every((letter) => byName.get(`-${letter}`)?.isBoolean());
}

function withValue(option: Option, name: string, value: string, whole: string): string[] {
  if (option.required || option.optional) return name === option.long ? [whole] : [name, value];
  if (option.attributeName() === 'verbose' && /^\d$/.test(value))
    return Array<string>(Number(value)).fill(name);
  if (/^(1|t|true)$/i.test(value)) return [name];
  if (/^(0|f|false)$/i.test(value)) return [];
  return [whole];
}

/** The first argument that is neither one of `options` nor the value of one: the verb. Undefined without one. */
export function firstOperand(args: readonly string[], options: readonly Option[]): number | undefined {
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === '--') return undefined;
    if (!arg.startsWith('-') || arg === '-') return at;
    const option = options.find((candidate) => candidate.long === arg || candidate.short === arg);
    const cluster = /^-[a-z]{2,}$/i.test(arg) && options.find((each) => each.short === `-${arg.at(-1)}`);
    if (option?.required || (cluster && cluster.required && !takesValueEarlier(arg, options))) at++;
  }
  return undefined;
}

function takesValueEarlier(cluster: string, options: readonly Option[]): boolean {
  const earlier = [...cluster.slice(1, -1)];
  return earlier.some((letter) => options.find((each) => each.short === `-${letter}`)?.required);
}
