/** Prints the entries of `ls` in one of its forms. */
import type { ListedEntry } from '../../operations/ls.ts';
import { snapshotToJson } from '../../vaults/repository/format/snapshot.ts';
import type { SnapshotEntry } from '../../vaults/repository/repository.ts';
import { quoteUnprintable } from './format.ts';
import { longLine, ncduJson, nodeJson } from './node.ts';
import { snapshotJson, snapshotLine } from './snapshots.ts';
import type { Terminal } from './terminal.ts';
import { stringifyJson } from './terminal.ts';

export interface ListingPrinter {
  onSnapshot(entry: SnapshotEntry): void;
  onEntry(entry: ListedEntry): void | Promise<void>;
  onLeave(path: string): void;
  end(): void;
}

export interface ListingStyle {
  long?: boolean;
  humanReadable?: boolean;
  ncdu?: boolean;
}

export function listingPrinter(
  terminal: Terminal,
  folders: readonly string[],
  style: ListingStyle,
): ListingPrinter {
  const printer = terminal.json
    ? jsonPrinter(terminal)
    : style.ncdu
      ? ncduPrinter(terminal)
      : textPrinter(terminal, folders, style);
  return {
    ...printer,
    onEntry(entry) {
      void printer.onEntry(entry);
      return terminal.settle();
    },
  };
}

/** A path for people: on a terminal control characters do no harm, elsewhere its very bytes are printed. */
export function shownPath(terminal: Terminal, path: string): string {
  return terminal.interactive ? quoteUnprintable(path.toWellFormed()) : path;
}

function jsonPrinter(terminal: Terminal): ListingPrinter {
  return {
    onSnapshot(entry) {
      terminal.emit({ ...snapshotJson(entry), message_type: 'snapshot', struct_type: 'snapshot' });
    },
    onEntry({ path, node, leading }) {
      if (!leading) terminal.emit(nodeJson(path, node));
    },
    onLeave() {},
    end() {},
  };
}

function textPrinter(terminal: Terminal, folders: readonly string[], style: ListingStyle): ListingPrinter {
  return {
    onSnapshot(entry) {
      terminal.say(`${snapshotLine(entry)} filtered by [${folders.join(' ')}]:`);
    },
    onEntry({ path, node, leading }) {
      if (leading) return;
      const shown = shownPath(terminal, path);
      terminal.result(style.long ? longLine(shown, node, style.humanReadable ?? false) : shown);
    },
    onLeave() {},
    end() {},
  };
}

function ncduPrinter(terminal: Terminal): ListingPrinter {
  let depth = 1;
  const indent = (): string => '  '.repeat(depth);
  return {
    onSnapshot({ snapshot }) {
      terminal.raw(`[1, 2, ${stringifyJson(snapshotToJson(snapshot))}, [{"name":"/"}`);
    },
    onEntry({ node }) {
      const json = stringifyJson(ncduJson(node));
      if (node.type !== 'dir') return terminal.raw(`,\n${indent()}${json}`);
      terminal.raw(`,\n${indent()}[\n${indent()}  ${json}`);
      depth++;
    },
    onLeave(path) {
      if (path === '/') return;
      depth--;
      terminal.raw(`\n${indent()}]`);
    },
    end() {
      terminal.raw('\n]\n]\n');
    },
  };
}
