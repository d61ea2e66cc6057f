/** A YAML file whose values know where they stand. */
import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Document,
} from 'yaml';
import type { Position, Problem } from './problem.ts';

export interface YamlFile {
  readonly path: string;
  /** what stands at the top; undefined of an empty file */
  readonly root: Node | undefined;
  /** mistakes of the language itself, repeated keys apart: the rest of such a file is not looked at */
  readonly problems: readonly Problem[];
  positionOf(node: Node | undefined): Position;
  /** Where the value at `path` below `node` stands, or its name; of what is missing, the nearest above. */
  find(node: Node, path: readonly PropertyKey[], what?: 'value' | 'name'): Position;
  /** names and values of a map, aliases followed; undefined when it is none */
  entriesOf(node: Node | undefined): readonly YamlEntry[] | undefined;
  /** Keys of the map, and of what is in it unless `shallow`, that stand there for a second time. */
  repeatedKeys(node: Node, options?: { readonly shallow: boolean }): readonly YamlKey[];
  /** Plain values; of a key that is repeated the last one. */
  valueOf(node: Node): unknown;
}

export interface YamlKey extends Position {
  readonly name: string;
}

export interface YamlEntry {
  readonly name: string;
  readonly nameNode: Node;
  /** undefined when nothing stands there */
  readonly value: Node | undefined;
}

export function parseYaml(path: string, source: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { file: path, line, column: col };
  };
  const follow = (node: unknown): Node | undefined => resolved(document, node);
  const positionOf = (node: Node | undefined): Position =>
    node?.range ? at(node.range[0]) : { file: path, line: undefined, column: undefined };
  return {
    path,
    root: isNull(document.contents) ? undefined : (document.contents as Node),
    problems: document.errors
      .filter(({ code }) => code !== 'DUPLICATE_KEY')
      .map((error) => ({ ...at(error.pos[0]), message: lowerFirst(error.message) })),
    positionOf,
    find(node, steps, what = 'value') {
      let here = node;
      for (const [i, step] of steps.entries()) {
        const last = i === steps.length - 1;
        const outer = follow(here);
        if (isMap(outer)) {
          const pair = outer.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
          if (!pair) break;
          const name = pair.key as Node;
          here = last && what === 'name' ? name : ((pair.value as Node | null) ?? name);
        } else if (isSeq(outer) && isNode(outer.items[Number(step)])) {
          here = outer.items[Number(step)] as Node;
        } else break;
      }
      return positionOf(here);
    },
    entriesOf(node) {
      const map = follow(node);
      if (!isMap(map)) return undefined;
      return map.items.map(({ key, value }: Pair) => ({
        name: isScalar(key) ? String(key.value) : '',
        nameNode: key as Node,
        value: isNull(value) ? undefined : (value as Node),
      }));
    },
    repeatedKeys(node, { shallow } = { shallow: false }) {
      const found: YamlKey[] = [];
      const visited = new Set<Node>();
      const visit = (given: unknown): void => {
        const here = follow(given);
        if (!here || visited.has(here)) return;
        visited.add(here);
        const names = new Set<string>();
        for (const { key, value } of isMap(here) ? here.items : []) {
          const name = isScalar(key) ? String(key.value) : '';
          if (names.has(name)) found.push({ ...positionOf(key as Node), name });
          names.add(name);
          if (!shallow) visit(value);
        }
        if (isSeq(here) && !shallow) for (const item of here.items) visit(item);
      };
      visit(node);
      return found;
    },
    valueOf: (node) =>
      isAlias(node) ? (follow(node)?.toJS(document) as unknown) : (node.toJS(document) as unknown),
  };
}

function resolved(document: Document, node: unknown): Node | undefined {
  if (isAlias(node)) return node.resolve(document);
  return isNode(node) ? node : undefined;
}

function isNull(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
