/**
 * The lint rule that keeps the house's floors: imports go down only, so that a lower floor can be understood, tested and
 * reused without what stands on it. Every message says which rule was broken and why it is there.
 */
import { dirname, relative, resolve, sep } from 'node:path';

/** A higher number stands on the lower ones. Two rooms of one number never import each other. */
const floors = new Map([
  ['kernel', 1],
  ['storage', 2],
  ['sources', 3],
  ['vaults', 3],
  ['operations', 4],
  ['jobs', 5],
  ['config', 5],
  ['cli', 6],
]);

/** Why two rooms of one floor do not know each other. */
const apart: Readonly<Record<number, string>> = {
  3: 'sources and vaults meet only in operations, so that every source works with every vault',
  5: 'the command line reads the configuration and hands jobs plain options, so that jobs run without a file',
};

/** The public API, which may show any room but the command line. */
const publicEntry = 'index.ts';

interface Place {
  /** first folder below src, or the file's own name when it stands in src itself */
  readonly room: string;
  /** path below the project's root, with `/` */
  readonly path: string;
  /** first folder below the root */
  readonly area: string;
}

function placeOf(root: string, file: string): Place {
  const path = relative(root, file).split(sep).join('/');
  const [area = '', room = ''] = path.split('/');
  return { path, area, room };
}

const isTest = (place: Place): boolean => place.path.endsWith('.test.ts');

/** Why `from` must not import `to`, as one sentence, or undefined when it may. */
export function judge(root: string, from: string, to: string): string | undefined {
  const importer = placeOf(root, from);
  const imported = placeOf(root, to);
  if (importer.area !== 'src') return undefined;
  if (imported.area !== 'src') return judgeOutside(importer, imported);
  if (imported.room === 'testing' && importer.room !== 'testing') {
    if (isTest(importer)) return undefined;
    return 'production code must not import src/testing: what only tests need would ship and run for users';
  }
  if (importer.room === 'testing' || importer.room === imported.room) return undefined;
  return importer.room === publicEntry ? judgeEntry(imported) : judgeFloors(importer, imported);
}

function judgeOutside(importer: Place, imported: Place): string | undefined {
  if (['..', 'node_modules', 'package.json'].includes(imported.area)) return undefined;
  if (isTest(importer) && imported.area === 'test') return undefined;
  return `src must not import ${imported.area}/: it is not in the package that users install`;
}

function judgeEntry(imported: Place): string | undefined {
  if (imported.room !== 'cli') return undefined;
  return 'the public API must not import src/cli: a library must not bring a command line with it';
}

function judgeFloors(importer: Place, imported: Place): string | undefined {
  const from = floors.get(importer.room);
  const to = floors.get(imported.room);
  if (from === undefined || to === undefined) {
    const room = from === undefined ? importer.room : imported.room;
    return `src/${room} stands on no floor: give it one in tools/lint/floors.ts and in ARCHITECTURE.md`;
  }
  if (to < from) return undefined;
  const pair = `src/${importer.room} must not import src/${imported.room}`;
  if (to === from) return `${pair}: ${apart[from]}`;
  if (importer.room === 'kernel')
    return `${pair}: the kernel imports nothing of ours, so that everything can stand on it`;
  return `${pair}: imports go down only, so that a floor is understood and tested without what stands on it`;
}

interface ImportNode {
  readonly source: { readonly type: string; readonly value?: unknown } | null;
}

interface NewNode {
  readonly callee: { readonly type: string; readonly name?: string };
  readonly arguments: readonly { readonly type: string; readonly value?: unknown }[];
}

interface RuleContext {
  readonly cwd: string;
  readonly filename: string;
  report(finding: { message: string; node: unknown }): void;
}

function create(context: RuleContext): Record<string, (node: never) => void> {
  const check = (node: unknown, specifier: unknown): void => {
    if (typeof specifier !== 'string' || !specifier.startsWith('.')) return;
    const message = judge(context.cwd, context.filename, resolve(dirname(context.filename), specifier));
    if (message !== undefined) context.report({ message, node });
  };
  const checkSource = (node: ImportNode): void => check(node, node.source?.value);
  return {
    ImportDeclaration: checkSource,
    ExportNamedDeclaration: checkSource,
    ExportAllDeclaration: checkSource,
    ImportExpression: checkSource,
    TSImportType: checkSource,
    // how a worker thread's file or a compiled module is named
    NewExpression(node: NewNode): void {
      if (node.callee.type === 'Identifier' && node.callee.name === 'URL')
        check(node, node.arguments[0]?.value);
    },
  };
}

/** oxlint loads plug-ins by their default export. */
export default { meta: { name: 'holdfast' }, rules: { floors: { create } } };
