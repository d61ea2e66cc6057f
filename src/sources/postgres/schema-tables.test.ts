import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSchemaShape } from './schema-tables.ts';

const schema = `
\\restrict abc

CREATE TYPE public.address AS (
	street text,
	"Post code" character(5)
);
CREATE TYPE public.mood AS ENUM ('a, b', ');');
CREATE DOMAIN public.mailbox AS character varying(80) COLLATE pg_catalog."C"
	CONSTRAINT c CHECK (((VALUE)::text ~~ '%@%'::text));
CREATE DOMAIN public."Work mail" AS public.mailbox NOT NULL;
CREATE TABLE public.people (
    id integer NOT NULL,
    "E; mail" public."Work mail",
    at timestamp(3) with time zone DEFAULT now() NOT NULL,
    n numeric(10,2) DEFAULT 4.5,
    t text DEFAULT 'x, y'::text NOT NULL,
    seen bigint DEFAULT nextval('public.seen_seq'::regclass),
    home public.address,
    former public.address[],
    mood public.mood DEFAULT 'a, b'::public.mood,
    nick public.citext,
    doubled bigint GENERATED ALWAYS AS (((id * 2))::bigint) STORED,
    CONSTRAINT people_t_check CHECK ((t <> ')'::text))
)
PARTITION BY LIST (t);
CREATE TABLE public.child (
    extra text[] DEFAULT '{}'::text[]
)
INHERITS (public.people);
CREATE TABLE public.typed OF public.address (
    street WITH OPTIONS NOT NULL
);
CREATE TABLE public.part1 (
    id integer NOT NULL
);
ALTER TABLE ONLY public.people ATTACH PARTITION public.part1 FOR VALUES IN ('x');
ALTER TABLE ONLY public.people ALTER COLUMN n SET DEFAULT 'x'::text;
ALTER TABLE ONLY public.people
    ADD CONSTRAINT k UNIQUE ("E; mail", id);
ALTER TABLE ONLY public.people
    ADD CONSTRAINT people_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX nicks ON public.people USING btree (nick) WHERE (nick IS NOT NULL);
CREATE UNIQUE INDEX lowered ON public.people USING btree (lower(t));
ALTER TABLE ONLY public.typed
    ADD CONSTRAINT f FOREIGN KEY (street, "Post code") REFERENCES public.people("E; mail", id) ON DELETE CASCADE;
`;

test('columns with their types, whatever they are made of', () => {
  const { tables } = readSchemaShape(schema);
  const columns = (name: string): string[] =>
    tables.find((table) => table.name === name)!.columns.map((column) => `${column.name}: ${column.type}`);
  const people = [
    'id: integer',
    'E; mail: character varying(80)',
    'at: timestamp(3) with time zone',
    'n: numeric(10,2)',
    't: text',
    'seen: bigint',
    'home: record',
    'former: record[]',
    'mood: enum',
    'nick: citext',
  ];
  assert.deepEqual(columns('people'), people);
  assert.deepEqual(columns('child'), [...people, 'extra: text[]']);
  assert.deepEqual(columns('typed'), ['street: text', 'Post code: character(5)']);
});

test('what ties columns together, and what of them stands in the schema', () => {
  const { tables, uniqueKeys, foreignKeys } = readSchemaShape(schema);
  const [people, child, , part] = tables;
  const named = (key: 'unique' | 'literalDefault'): string[] =>
    people!.columns.filter((column) => column[key]).map(({ name }) => name);
  assert.deepEqual(named('unique'), ['id', 'nick']);
  assert.deepEqual(named('literalDefault'), ['n', 't', 'mood']);
  assert.deepEqual(child!.within, [{ schema: 'public', name: 'people' }]);
  assert.deepEqual(part!.within, [{ schema: 'public', name: 'people' }]);
  assert.deepEqual(
    people!.columns
      .find(({ name }) => name === 'former')!
      .fields!.map(({ name, type }) => `${name}: ${type}`),
    ['street: text', 'Post code: character(5)'],
  );
  assert.deepEqual(
    uniqueKeys.map(({ columns }) => columns),
    [['E; mail', 'id'], ['id'], ['nick']],
  );
  assert.deepEqual(foreignKeys, [
    {
      from: { schema: 'public', table: 'typed', columns: ['street', 'Post code'] },
      to: { schema: 'public', table: 'people', columns: ['E; mail', 'id'] },
    },
  ]);
});
