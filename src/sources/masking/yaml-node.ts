/** Reads nodes of a YAML document that keep their place, so that every complaint can say where. */
import { isMap, isScalar, type Node, type Scalar, type YAMLMap } from 'yaml';

export interface Place {
  /** `FILE, line LINE, column COLUMN` of an offset in the text */
  at(offset: number): string;
  /** throws the code `usage` with the place of the node before the message */
  fail(node: Node | null | undefined, message: string, hint?: string): never;
}

export interface MapEntry {
  readonly name: string;
  readonly keyNode: Scalar;
  /** undefined when nothing stands behind the colon */
  readonly value: Node | undefined;
}

/** The entries of a map, in their order; names are texts. */
export function entriesOf(map: YAMLMap, place: Place): MapEntry[] {
  return map.items.map(({ key, value }) => {
    if (!isScalar(key) || typeof key.value !== 'string') return place.fail(key as Node, 'expected a name');
    return { name: key.value, keyNode: key, value: (value as Node | null) ?? undefined };
  });
}

export function readBoolean(node: Node, place: Place): boolean {
  if (isScalar(node) && typeof node.value === 'boolean') return node.value;
  return place.fail(node, 'expected true or false');
}

export function readText(node: Node, place: Place, expected: string): string {
  if (isScalar(node) && typeof node.value === 'string') return node.value;
  return place.fail(node, `expected ${expected}`);
}

/** A scalar as it is written: `007` stays `007`, and `1e3` stays `1e3`. */
export function readSource(node: Node, place: Place, expected: string): string {
  if (isScalar(node)) {
    if (typeof node.value === 'string') return node.value;
    if (node.value !== null && node.source !== undefined) return node.source;
  }
  return place.fail(node, `expected ${expected}`);
}

export function readChoice<T extends string>(node: Node, choices: readonly T[], place: Place): T {
  const found = isScalar(node) ? choices.find((choice) => choice === node.value) : undefined;
  return found ?? place.fail(node, `expected one of ${choices.join(', ')}`);
}

/** The values of the options that a map may have; none when the node is undefined. */
export function readOptions<T extends string>(
  node: Node | undefined,
  names: readonly T[],
  place: Place,
): Partial<Record<T, Node>> {
  const options: Partial<Record<T, Node>> = {};
  if (node === undefined) return options;
  if (!isMap(node)) return place.fail(node, `expected options: ${names.join(', ')}`);
  for (const { name, keyNode, value } of entriesOf(node, place)) {
    const known = names.find((candidate) => candidate === name);
    if (known === undefined) place.fail(keyNode, `unknown option ${name}, expected ${names.join(', ')}`);
    options[known!] = value ?? keyNode;
  }
  return options;
}
