import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schemaObjects } from './schema-objects.ts';

async function* pieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size));
}

const part = `--
-- PostgreSQL database dump
--

SET statement_timeout = 0;

--
-- Name: f(integer); Type: FUNCTION; Schema: public; Owner: ada
--

CREATE FUNCTION public.f(integer) RETURNS text
    LANGUAGE sql
    AS $$ select '
-- a line
' $$;


ALTER FUNCTION public.f(integer) OWNER TO ada;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: odd; name; Type: TABLE; Schema: s; Owner: ada
--

CREATE TABLE s."odd; name" ();


--
-- Name: odd; name; Type: TABLE; Schema: s; Owner: ada
--

CREATE TABLE again ();

--
-- Name: plpgsql; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION plpgsql;


--
-- PostgreSQL database dump complete
--

\\unrestrict holdfast
`;

test('objects are told apart, whatever pieces the dump comes in', async () => {
  for (const size of [1, 7, 10_000]) {
    assert.deepEqual(await Array.fromAsync(schemaObjects(pieces(part, size))), [
      {
        name: 'FUNCTION public.f(integer)',
        definition:
          "CREATE FUNCTION public.f(integer) RETURNS text\n    LANGUAGE sql\n    AS $$ select '\n-- a line\n' $$;\n" +
          'ALTER FUNCTION public.f(integer) OWNER TO ada;',
      },
      { name: 'TABLE s.odd; name', definition: 'CREATE TABLE s."odd; name" ();' },
      { name: 'TABLE s.odd; name (2)', definition: 'CREATE TABLE again ();' },
      { name: 'EXTENSION plpgsql', definition: 'CREATE EXTENSION plpgsql;' },
    ]);
  }
  assert.deepEqual(await Array.fromAsync(schemaObjects(pieces('', 1))), []);
});
