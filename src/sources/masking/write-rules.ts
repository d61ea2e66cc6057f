/** Writes a rules file that names every column, with the reasons as comments. */
import { quoteName } from './column-pattern.ts';
import type { RuleText, Suggestion } from './suggest-rules.ts';

/** YAML that `parseMaskingRules` takes; `of` says what the rules are for, `largeObjects` that it has some. */
export function writeRules(suggestions: readonly Suggestion[], of: string, largeObjects = false): string {
  const lines = [
    `# Rules of masking for ${printable(of)}: a proposal from names of columns and a sample of rows.`,
    '# Look at every line: nobody but you knows what is personal in this database.',
    'version: 1',
    '# A backup with --mask needs a key of its own, which `openssl rand -hex 32` makes:',
    '# key: file:/etc/holdfast/masking.key',
    'strict: true',
    '# addresses in whatever no rule changes, in texts of the schema as well',
    'email-anywhere: email',
    ...(largeObjects
      ? [
          '# no rule masks what is in large objects: they become empty, or stay under `keep`',
          'large-objects: empty',
        ]
      : []),
    suggestions.length === 0 ? 'columns: {}' : 'columns:',
  ];
  for (const { table, column, rule, why } of suggestions) {
    const names = [...(table.schema === undefined ? [] : [table.schema]), table.name, column];
    if (why !== undefined) lines.push(`  # ${printable(why)}`);
    lines.push(...entry(names.map((name) => quoteName(name)).join('.'), rule, 2));
  }
  return `${lines.join('\n')}\n`;
}

function entry(name: string, rule: RuleText, indent: number): string[] {
  const lead = `${' '.repeat(indent)}${scalar(name)}:`;
  if (rule === null || typeof rule === 'string') return [`${lead} ${scalar(rule)}`];
  const options = Object.entries(rule);
  const deep = options.some(([, value]) => typeof value === 'object' && value !== null);
  if (deep || indent > 4) return [lead, ...options.flatMap(([key, value]) => entry(key, value, indent + 2))];
  return options.length === 1
    ? [
        `${lead} { ${options.map(([key, value]) => `${scalar(key)}: ${scalar(value as string | null)}`).join(', ')} }`,
      ]
    : [lead, ...options.flatMap(([key, value]) => entry(key, value, indent + 2))];
}

/** Without quotes where nothing in it has a meaning to YAML. */
function scalar(text: string | null): string {
  if (text === null) return 'null';
  const plain = /^[A-Za-z_$][\w$.]*$|^\d+(?: [a-z]+|%|(?:\.\d+){3})$/.test(text);
  return plain && !/^(?:null|true|false|yes|no|on|off|y|n)$/i.test(text) ? text : JSON.stringify(text);
}

function printable(text: string): string {
  return text.replaceAll(/[\0-\x1f\x7f-\x9f\u2028\u2029]/g, '?');
}
