/** SQL of a database with everything that PostgreSQL knows to dump, for both versions that are tested. */

/** A value for each type; `every_type` gets a column for each. */
const values: readonly (readonly [type: string, value: string])[] = [
  ['aclitem', 'postgres=r/postgres'],
  ['bigint', '9223372036854775807'],
  ['bit(5)', '10101'],
  ['bit varying', '0110'],
  ['boolean', 't'],
  ['box', '((1,1),(0,0))'],
  ['bytea', '\\x00ff0a5c2e00'],
  ['"char"', 'c'],
  ['character(4)', 'x '],
  ['cid', '7'],
  ['cidr', '2001:db8::/32'],
  ['circle', '<(1.5,2),3>'],
  ['date', '4713-01-01 BC'],
  ['datemultirange', '{[2020-01-01,2020-02-01),[2021-01-01,)}'],
  ['daterange', '[2020-01-01,infinity)'],
  ['double precision', '2.2250738585072014e-308'],
  ['inet', '10.1.2.3/24'],
  ['int4multirange', '{}'],
  ['int4range', 'empty'],
  ['int8multirange', '{[1,2),[5,9)}'],
  ['int8range', '(,9223372036854775807)'],
  ['integer', '-2147483648'],
  ['interval', '-1 year 2 mons -3 days 04:05:06.789'],
  ['json', '{"b" : 1,\n "a": "\\u00e9\\n"}'],
  ['jsonb', '{"b": [1.50, null], "a": "tab\\tand \\"quotes\\""}'],
  ['jsonpath', '$."a b"[*] ? (@ > 1)'],
  ['line', '{1,-1,0}'],
  ['lseg', '[(0,0),(1,1)]'],
  ['macaddr', '08:00:2b:01:02:03'],
  ['macaddr8', '08:00:2b:01:02:03:04:05'],
  ['money', '-1234.56'],
  ['name', 'a name'],
  ['numeric', '-12345678901234567890123456789.000000000000000001'],
  ['nummultirange', '{[1.1,2.2]}'],
  ['numrange', '[NaN,NaN]'],
  ['oid', '4294967295'],
  ['oidvector', '1 2 3'],
  ['int2vector', '1 2 3'],
  ['path', '[(0,0),(1,1),(2,0)]'],
  ['pg_lsn', '16/B374D848'],
  ['pg_snapshot', '10:20:10,14,15'],
  ['point', '(-0,1e300)'],
  ['polygon', '((0,0),(1,1),(2,0))'],
  ['real', '-Infinity'],
  ['refcursor', 'a cursor'],
  ['regclass', 'pg_catalog.pg_class'],
  ['regcollation', '"C"'],
  ['regconfig', 'simple'],
  ['regdictionary', 'simple'],
  ['regnamespace', 'pg_catalog'],
  ['regoper', '||/'],
  ['regoperator', '+(integer,integer)'],
  ['regproc', 'now'],
  ['regprocedure', 'abs(numeric)'],
  ['regrole', 'postgres'],
  ['regtype', 'integer[]'],
  ['smallint', '32767'],
  ['text', Array.from({ length: 31 }, (_, i) => String.fromCharCode(i + 1)).join('') + '\\N\\.\'"\u{1f418}é'],
  ['tid', '(1,2)'],
  ['time without time zone', '24:00:00'],
  ['time with time zone', '23:59:59.999999-15:59'],
  ['timestamp without time zone', 'infinity'],
  ['timestamp with time zone', '2020-02-03 04:05:06.789+05:30'],
  ['tsmultirange', '{[2020-01-01 00:00,2020-01-02 00:00)}'],
  ['tsquery', "'fat' & ( 'rat' | 'it''s':AB ) <-> 'x'"],
  ['tsrange', '[2020-01-01 00:00,)'],
  ['tstzmultirange', '{}'],
  ['tstzrange', '(,2020-01-01 00:00+00]'],
  ['tsvector', "'a':1A,2 'it''s':3"],
  ['txid_snapshot', '10:20:10,14,15'],
  ['uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ['character varying(10)', ''],
  ['xid', '42'],
  ['xid8', '12345678901234'],
  ['xml', '<a b="c">é</a>'],
  ['integer[]', '[-1:0][2:3]={{1,NULL},{3,4}}'],
  ['text[]', '{"a,b","NULL",NULL,"\\"q\\"","back\\\\slash",""}'],
  ['mood', 'it\'s "fine"'],
  ['pair', '("a b",)'],
  ['positive', '1'],
  ['hstore', '"a"=>"1", "b"=>NULL'],
  ['citext', 'CaSe'],
];

/** Types without values of their own, or which are not to be stored. */
const unstored = [
  ...['gtsvector', 'pg_brin_bloom_summary', 'pg_brin_minmax_multi_summary', 'pg_dependencies', 'pg_mcv_list'],
  ...['pg_ndistinct', 'pg_node_tree'],
];

/** Asks which types of the server `every_type` does not have: none. */
export const missingTypes = `
select string_agg(typname, ' ' order by typname) from pg_type t
where typtype in ('b', 'r', 'm') and typnamespace = 'pg_catalog'::regnamespace and typcategory <> 'A'
  and typname not in (${unstored.map((name) => `'${name}'`).join(', ')})
  and not exists (select from pg_attribute where attrelid = 'every_type'::regclass and atttypid = t.oid)`;

/** What names may look like. */
const oddNames = [
  'with "quotes"',
  "it's",
  'a/b',
  'a=b',
  '..',
  'line\nfeed',
  'COPY t FROM stdin;',
  '100%',
  'back\\slash',
  '-dash',
  'größe 🐘',
  '\\.',
  'UPPER',
  '1-schema.sql',
] as const;

const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const quoteText = (text: string): string => `E'${text.replaceAll(/[\\']/g, '\\$&')}'`;

export function everything(major: 15 | 18): string {
  return `
create extension hstore; create extension citext; create extension pg_trgm; create extension postgres_fdw;
create extension btree_gist;
create type mood as enum ('sad', 'it''s "fine"'); create type pair as (a text, b int);
create domain positive as int not null constraint above check (value > 0);
create type float_range as range (subtype = float8, subtype_diff = float8mi);
create table every_type ();
do $do$ declare one record; begin
  for one in select * from (values ${values.map(([type, value]) => `(${quoteText(type)}, ${quoteText(value)})`).join(',\n')}) v (type, value)
  loop
    execute format('alter table every_type add column %I %s', 'c ' || one.type, one.type);
    if one.type <> 'regrole' then
      execute format('alter table every_type alter column %I set default %L', 'c ' || one.type, one.value);
    end if;
  end loop;
end $do$;
insert into every_type ("c regrole") values ('postgres');
insert into every_type ("c boolean", "c text", "c double precision") values (null, null, 'NaN'), (false, '', '-0');

create table parent (id int generated by default as identity primary key, code text unique nulls not distinct,
  n int check (n > 0) no inherit, other int references parent on delete set null deferrable initially deferred,
  during tstzrange, twice int generated always as (id * 2) stored, exclude using gist (id with =, during with &&));
${major >= 18 ? 'alter table parent add column thrice int generated always as (id * 3) virtual;' : ''}
insert into parent (code, n, other) values ('a', 1, 2), ('b', 2, 1), (null, null, null);
create table child (parent int, code text, note text not null default 'x', primary key (parent, code),
  foreign key (parent) references parent match full on update cascade on delete cascade,
  constraint later foreign key (code) references parent (code)) with (fillfactor = 70);
insert into child select 1, code from parent where code is not null;
alter table child add constraint unchecked check (length(note) < 3) not valid;
alter table child cluster on child_pkey; alter table child replica identity using index child_pkey;
create unlogged table fleeting (a int); create table typed of pair (primary key (a)); insert into typed values ('t', 1);
create table packed (t text compression pglz); alter table packed alter t set storage external; insert into packed values (repeat('p', 10000));
create table base (a int); create table derived (b int) inherits (base); insert into derived values (1, 2);
create table dropped (a int, gone text, b text); insert into dropped values (1, 'x', 'y'); alter table dropped drop column gone;

create table parts (at date, region text, v int) partition by range (at);
create table parts_2023 partition of parts for values from ('2023-01-01') to ('2024-01-01') partition by list (region);
create table parts_2023_eu partition of parts_2023 for values in ('eu', null);
create table parts_2023_rest partition of parts_2023 default partition by hash (v);
create table parts_h0 partition of parts_2023_rest for values with (modulus 2, remainder 0);
create table parts_h1 partition of parts_2023_rest for values with (modulus 2, remainder 1);
create table parts_default partition of parts default;
create index on parts (at, v); create unique index parts_key on parts (at, region, v);
insert into parts select date '2023-06-01' + i, case i % 3 when 0 then 'eu' when 1 then 'us' end, i from generate_series(1, 400) i;

create view plain_view with (security_barrier) as select code from parent where n > 0 with local check option;
create recursive view counting (i) as select 1 union all select i + 1 from counting where i < 5;
create materialized view filled as select code, count(*) from parent group by code; create unique index on filled (code);
create materialized view unfilled as select 1 as a with no data;
create function "add ""one""" (i int default 1) returns int language sql immutable strict parallel safe as $f$ select i + 1 $f$;
create function dollars() returns text language sql as $x$ select $f$
--
-- Data for Name: parent; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.parent (id) FROM stdin;
1
\\\\.
\\\\restrict abc
$f$::text $x$;
create procedure doing(inout a int) language plpgsql as $f$ begin a := a + 1; end $f$;
create function told() returns trigger language plpgsql as $f$ begin return new; end $f$;
create function on_ddl() returns event_trigger language plpgsql as $f$ begin end $f$;
create aggregate total (int) (sfunc = int4pl, stype = int, initcond = '0');
create operator === (leftarg = text, rightarg = text, function = texteq, commutator = ===);
create operator class odd_ops for type int4 using btree as operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >, function 1 btint4cmp(int4, int4);
create function to_pair(text) returns pair language sql as $f$ select row($1, 0)::pair $f$; create cast (text as pair) with function to_pair(text);
create collation german (provider = icu, locale = 'de-u-co-phonebk');
create text search configuration mine (copy = simple);
create trigger each_row before insert or update of note on child for each row when (new.note is not null) execute function told();
create trigger each_statement after truncate on child execute function told(); alter table child disable trigger each_statement;
create constraint trigger at_end after insert on child deferrable initially deferred for each row execute function told();
create event trigger watching on ddl_command_end when tag in ('DROP TABLE') execute function on_ddl();
create rule no_delete as on delete to typed do instead nothing;
create statistics related (dependencies, mcv) on at, v from parts;
create publication news for table parent (id, code) where (id > 0); create publication more for tables in schema public;
create server far foreign data wrapper postgres_fdw options (host 'h', dbname 'it''s'); create user mapping for public server far options (user 'u');
create foreign table far_away (a int options (column_name 'b')) server far options (schema_name 's');
create sequence counting_up as smallint increment -2 minvalue -100 maxvalue 100 start 7 cycle owned by base.a; select nextval('counting_up'), nextval('counting_up');
create index gin on child using gin (note gin_trgm_ops); create index partial on child (upper(note) collate "C" desc nulls last) include (code) where note <> '';

create role reader; create role owner_of_much;
alter table base owner to owner_of_much; grant select (code), update on parent to reader with grant option; revoke execute on function told() from public;
alter default privileges in schema public grant select on tables to reader;
alter table parent enable row level security; alter table parent force row level security;
create policy own on parent as restrictive for update to reader using (code = current_user) with check (n > 0);
comment on column parent.code is E'of\\n-- many\\n\\\\\\\\lines'; comment on constraint later on child is 'a constraint';
select lo_from_bytea(0, decode(repeat('00ff5c2e0a', 100000), 'hex')), lo_create(4242); grant select on large object 4242 to reader; comment on large object 4242 is 'large';
create table nothing (); insert into nothing default values; insert into nothing default values;
create table raw (b bytea); insert into raw values (decode(repeat('00', 1000000), 'hex')), (''), ('\\\\x5c2e0a');
${oddNames
  .map((name, i) => {
    const odd = quoteName(name);
    const schema = `${odd}.${odd}`;
    return `create schema ${odd}; create table ${schema} (${odd} text primary key, n int generated always as identity); insert into ${schema} values (${quoteText(name)}), ('${i}');
create index ${quoteName(`${name} i`)} on ${schema} (n); comment on table ${schema} is ${quoteText(name)};`;
  })
  .join('\n')}
`;
}
