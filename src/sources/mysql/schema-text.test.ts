import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableDetails } from './schema-text.ts';

/** What mariadb-dump writes of a table. */
function table(name: string, columns: readonly string[], options = ''): string {
  const lines = [...columns, 'PRIMARY KEY (`id`)'].map((line) => `  ${line}`).join(',\n');
  return `CREATE TABLE \`${name}\` (\n${lines}\n) ENGINE=InnoDB${options} DEFAULT CHARSET=utf8mb4;\n`;
}

test('tells the engine and the counter of a table, and whether the server writes times into its rows', () => {
  const id = '`id` int(11) NOT NULL';
  const text = [
    table(
      'timed',
      [
        id,
        '`from ``it` timestamp(6) GENERATED ALWAYS AS ROW START',
        '`to` timestamp(6) GENERATED ALWAYS AS ROW END',
      ],
      ' AUTO_INCREMENT=7',
    ),
    table('plain', [
      id,
      "`said` varchar(9) DEFAULT NULL COMMENT '`a` bigint(20) unsigned GENERATED ALWAYS AS ROW START'",
      '`long` int(11) GENERATED ALWAYS AS (`id` + 1) STORED',
    ]),
    table('numbered', [
      id,
      '`a` bigint(20) unsigned GENERATED ALWAYS AS ROW START INVISIBLE',
      '`b` bigint(20) unsigned GENERATED ALWAYS AS ROW END INVISIBLE',
    ]),
    table('last', [id]),
  ].join('');
  assert.deepEqual(
    [...tableDetails(Buffer.from(text))],
    [
      ['timed', { engine: 'InnoDB', autoIncrement: '7', rowTimes: true }],
      ['plain', { engine: 'InnoDB' }],
      ['numbered', { engine: 'InnoDB', rowTimes: true }],
      ['last', { engine: 'InnoDB' }],
    ],
  );
});
