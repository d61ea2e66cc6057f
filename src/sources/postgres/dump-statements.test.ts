/** Statements are found where they end, however the bytes come, and whatever stands inside of texts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DumpStatement, dumpStatements } from './dump-statements.ts';
import { rolesIn } from './dump-roles.ts';
import { createEdit } from './edit-dump.ts';

const dump = `--
-- PostgreSQL database dump
--

\\restrict holdfast

SET statement_timeout = 0;
SET transaction_timeout = 0;

--
-- Name: tricky(); Type: FUNCTION; Schema: public; Owner: ada; Tablespace: fast
--

CREATE FUNCTION public.tricky() RETURNS text
    LANGUAGE sql
    AS $f$ select '
--
-- Name: fake; Type: TABLE; Schema: public; Owner: nobody
--
; $$ ' $f$;


ALTER FUNCTION public.tricky() OWNER TO ada;

--
-- Name: atomic(integer); Type: FUNCTION; Schema: public; Owner: ada
--

CREATE FUNCTION public.atomic(a integer) RETURNS integer
    BEGIN ATOMIC
 SELECT CASE WHEN (a > 1) THEN 1 ELSE 2 END;
 SELECT 3;
END;

--
-- Name: odd "name; with"; Type: TABLE; Schema: odd.schema; Owner: O'Brien
--

CREATE TABLE "odd.schema"."odd ""name; with""" (
    a text DEFAULT E'it\\'s; \\\\',
    b text DEFAULT 'it''s;' /* a ; /* nested ; */ comment */
);
ALTER TABLE "odd.schema"."odd ""name; with""" OWNER TO "O'Brien";
\\unrestrict holdfast

`;

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const read = (text: string, size = 64 * 1024): Promise<DumpStatement[]> =>
  Array.fromAsync(dumpStatements(inPieces(Buffer.from(text), size)));

describe('statements of a dump', () => {
  it('are the same in pieces of any size, and all together the dump', async () => {
    const whole = await read(dump);
    assert.equal(whole.map(({ text }) => text).join(''), dump);
    for (const size of [1, 2, 3, 17, 100]) assert.deepEqual(await read(dump, size), whole, `size ${size}`);
    const first = whole.map(({ text, start }) => text.slice(start).split(/[ \n]/, 2).join(' ').trim());
    assert.deepEqual(first, [
      ...['\\restrict holdfast', 'SET statement_timeout', 'SET transaction_timeout', 'CREATE FUNCTION'],
      ...['ALTER FUNCTION', 'CREATE FUNCTION', 'CREATE TABLE', 'ALTER TABLE', '\\unrestrict holdfast', ''],
    ]);
  });

  it('know the object that they belong to, and no fake one', async () => {
    const headings = (await read(dump)).map(({ heading }) => heading);
    assert.deepEqual(
      headings.map((heading) => heading?.type),
      [
        undefined,
        undefined,
        undefined,
        ...['FUNCTION', 'FUNCTION', 'FUNCTION', 'TABLE', 'TABLE', 'TABLE', 'TABLE'],
      ],
    );
    assert.deepEqual(headings[3], { name: 'tricky()', type: 'FUNCTION', schema: 'public', owner: 'ada' });
    assert.deepEqual(headings[6], {
      name: 'odd "name; with"',
      type: 'TABLE',
      schema: 'odd.schema',
      owner: "O'Brien",
    });
  });

  it('stay whole when a text is long', async () => {
    const long = `CREATE FUNCTION f() AS $a$${'x;\n'.repeat(100_000)}$a$;SELECT 1;`;
    assert.deepEqual(
      (await read(long, 1000)).map(({ text }) => text.length),
      [long.length - 9, 9],
    );
  });
});

describe('roles of a dump', () => {
  const cases: [sql: string, ...roles: string[]][] = [
    ['ALTER TABLE public.t OWNER TO ada;', 'ada'],
    ['ALTER FUNCTION public."OWNER TO"(a integer) OWNER TO "Ada ""L"" x";', 'Ada "L" x'],
    ['GRANT SELECT ON TABLE public."TO" TO reader WITH GRANT OPTION;', 'reader'],
    ['GRANT ALL ON SCHEMA public TO PUBLIC;'],
    ['REVOKE ALL ON FUNCTION public.f(a text) FROM "PUBLIC";', 'PUBLIC'],
    ['GRANT SELECT(a, b) ON TABLE public.t TO a GRANTED BY b;', 'a', 'b'],
    [
      'ALTER DEFAULT PRIVILEGES FOR ROLE ada IN SCHEMA public GRANT SELECT ON TABLES  TO reader;',
      'ada',
      'reader',
    ],
    ['CREATE POLICY p ON public.t FOR SELECT TO a, "b c" USING ((x = 1));', 'a', 'b c'],
    ["CREATE POLICY p ON public.t USING ((EXISTS ( SELECT 1 FROM TO ('a'))));"],
    ['CREATE USER MAPPING FOR ada SERVER s OPTIONS (\n    "user" \'x\'\n);', 'ada'],
    ['CREATE USER MAPPING FOR public SERVER s;'],
    ['SET SESSION AUTHORIZATION ada;', 'ada'],
    ['ALTER TABLE ONLY public.t ADD CONSTRAINT c CHECK (true);'],
    ["COMMENT ON TABLE public.t IS 'ALTER TABLE t OWNER TO x;';"],
  ];
  for (const [sql, ...roles] of cases) {
    it(`of ${sql}`, async () => {
      const [statement] = await read(sql);
      assert.deepEqual(rolesIn(statement!), roles);
    });
  }
});

describe('edits of a dump', () => {
  const edited = async (text: string, edits: Partial<Parameters<typeof createEdit>[0]>): Promise<string> => {
    const none = new Set<string>();
    const settings = new Set(['statement_timeout', 'default_tablespace']);
    const usual = { owner: undefined, privileges: true, transactions: true };
    const edit = createEdit({ ...usual, settings, tablespaces: none, ...edits });
    return (await read(text)).map((statement) => edit(statement)).join('');
  };

  it('leave out settings and tablespaces that the server does not know, and the frame', async () => {
    const got = await edited(dump, {});
    assert.equal(
      got,
      dump.replace('SET transaction_timeout = 0;', '').replaceAll(/\\(?:un)?restrict .*\n/g, ''),
    );
    assert.equal(await edited('SET default_tablespace = fast;', {}), "SET default_tablespace = '';");
    const large = "BEGIN;\n\nSELECT pg_catalog.lo_open('7', 131072);\n\nCOMMIT;\n";
    assert.equal(await edited(large, {}), large);
    assert.match(await edited(large, { transactions: false }), /^\s*SELECT .*;\s*$/);
    const tablespaces = new Set(['fast one']);
    const kept = 'SET default_tablespace = "fast one";';
    assert.equal(await edited(kept, { tablespaces }), kept);
  });

  it('change owners, or leave them out', async () => {
    const sql = 'ALTER TABLE "a OWNER TO b".t OWNER TO "a OWNER TO b";';
    assert.equal(
      await edited(sql, { owner: 'é"x' }),
      Buffer.from('ALTER TABLE "a OWNER TO b".t OWNER TO "é""x";').toString('latin1'),
    );
    assert.equal(await edited(`\n${sql}`, { owner: false }), '\n');
    assert.equal(
      await edited('ALTER TABLE t ADD OWNER int;', { owner: false }),
      'ALTER TABLE t ADD OWNER int;',
    );
  });

  it('leave out who may do what', async () => {
    const sql = '--\n-- Name: t; Type: ACL; Schema: s; Owner: o\n--\n\nGRANT SELECT ON TABLE s.t TO r;';
    assert.doesNotMatch(await edited(sql, { privileges: false }), /GRANT/);
    assert.equal(await edited(sql, {}), sql);
  });
});
