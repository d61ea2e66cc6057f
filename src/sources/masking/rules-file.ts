/** Reads the rules of masking from a file in YAML (of which JSON is a part); errors say where and what was expected. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isMap, isScalar, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import { parseColumnPattern } from './column-pattern.ts';
import type { ColumnRule, MaskingRules, Rule } from './rule.ts';
import { readRule } from './rule-node.ts';
import { entriesOf, type Place, readBoolean, readChoice } from './yaml-node.ts';

const settings = [
  'version',
  'key',
  'strict',
  'email-anywhere',
  'comments',
  'defaults',
  'large-objects',
  'columns',
] as const;

const keyReference = /^(?:env|file|command):./;

/** Reads and checks a rules file; codes `not-found` and `usage`. */
export async function loadMaskingRules(path: string): Promise<MaskingRules> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const absent = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new HoldfastError(
      absent ? 'not-found' : 'failed',
      absent ? `the masking rules ${path} do not exist` : `the masking rules ${path} cannot be read`,
      { cause, ...(absent ? {} : { hint: messageOf(cause) }) },
    );
  });
  return parseMaskingRules(text, path);
}

/** Checks the text of a rules file; `file` is its name in messages. Code `usage`. */
export function parseMaskingRules(text: string, file: string): MaskingRules {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const place: Place = {
    at(offset) {
      const { line, col } = lines.linePos(offset);
      return `${file}, line ${line}, column ${col}`;
    },
    fail(node, message, hint) {
      const where = node?.range ? this.at(node.range[0]) : file;
      throw new HoldfastError('usage', `${where}: ${message}`, hint === undefined ? {} : { hint });
    },
  };
  const error = document.errors[0];
  if (error) {
    throw new HoldfastError('usage', `${place.at(error.pos[0])}: ${lowerFirst(error.message)}`);
  }
  const root = document.contents as Node | null;
  if (!isMap(root)) {
    return place.fail(root, 'expected rules, with the patterns of columns under `columns`');
  }
  return readRules(root, file, createHash('sha256').update(text).digest('hex'), place);
}

function readRules(root: YAMLMap, file: string, digest: string, place: Place): MaskingRules {
  let key: string | undefined;
  let strict = false;
  let emailAnywhere: Rule | undefined;
  let keepComments = false;
  let keepDefaults = false;
  let largeObjects: MaskingRules['largeObjects'];
  let columns: ColumnRule[] = [];
  for (const { name, keyNode, value } of entriesOf(root, place)) {
    if (name === 'version') {
      if (!isScalar(value) || value.value !== 1) place.fail(value ?? keyNode, 'expected version 1');
    } else if (name === 'key') {
      key = readKeyReference(value ?? keyNode, place);
    } else if (name === 'strict') {
      strict = readBoolean(value ?? keyNode, place);
    } else if (name === 'email-anywhere') {
      emailAnywhere = readEmailAnywhere(value ?? keyNode, place);
    } else if (name === 'comments') {
      keepComments = readChoice(value ?? keyNode, ['drop', 'keep'], place) === 'keep';
    } else if (name === 'defaults') {
      keepDefaults = readChoice(value ?? keyNode, ['keep'], place) === 'keep';
    } else if (name === 'large-objects') {
      largeObjects = readChoice<'empty' | 'keep'>(value ?? keyNode, ['empty', 'keep'], place);
    } else if (name === 'columns') {
      columns = readColumns(value ?? keyNode, place);
    } else {
      place.fail(keyNode, `unknown setting ${name}, expected one of ${settings.join(', ')}`);
    }
  }
  return { file, key, strict, emailAnywhere, keepComments, keepDefaults, largeObjects, columns, digest };
}

function readKeyReference(node: Node, place: Place): string {
  const reference = isScalar(node) ? node.value : undefined;
  if (typeof reference === 'string' && keyReference.test(reference)) return reference;
  // what stands there may be the key itself and is not repeated
  return place.fail(
    node,
    'expected where the key is: env:NAME, file:PATH or command:COMMAND',
    'the key itself must not stand in this file',
  );
}

function readEmailAnywhere(node: Node, place: Place): Rule {
  const text = isScalar(node) ? node.value : undefined;
  if (typeof text === 'string' && /^[\w.+-]+@[\w.-]+$/.test(text)) return { kind: 'fixed', value: text };
  const rule = text === 'email' || isMap(node) ? readRule(node, place) : undefined;
  if (rule?.kind === 'email') return rule;
  return place.fail(node, 'expected an e-mail address such as nobody@example.com, or the rule email');
}

function readColumns(node: Node, place: Place): ColumnRule[] {
  if (!isMap(node)) return place.fail(node, 'expected patterns of columns, each with its rule');
  return entriesOf(node, place).map(({ name, keyNode, value }) => {
    const pattern = parseColumnPattern(name);
    if (!pattern) {
      return place.fail(keyNode, `expected a pattern such as schema.table.column or *.email, not ${name}`);
    }
    return { pattern, rule: readRule(value ?? keyNode, place), place: place.at(keyNode.range?.[0] ?? 0) };
  });
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
