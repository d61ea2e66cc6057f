/** Drills of PostgreSQL snapshots: sound ones are proven, bad ones noticed, and nothing stays behind or is touched. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DatabaseServer } from '../support/database-server.ts';
import { type Drills, endsSoon, makeDrills } from '../support/drills.ts';
import { startPostgres } from '../support/postgres.ts';
import { skipWithout } from '../support/tools.ts';

const content = `
  create role app; create role "odd ""role""" nologin;
  create extension pg_trgm;
  create table customer (id int generated always as identity primary key, name text not null unique, mail text);
  insert into customer (name, mail) select 'customer ' || i, i || '@example.org' from generate_series(1, 2000) i;
  create table orders (id serial primary key, customer int references customer, at timestamptz default '2026-01-01');
  insert into orders (customer) select 1 + i % 2000 from generate_series(1, 5000) i;
  create table unvalidated (n int);
  insert into unvalidated values (-1);
  alter table unvalidated add constraint positive check (n > 0) not valid;
  create index by_name on customer using gin (name gin_trgm_ops);
  create view names as select name from customer;
  create function "do it"() returns text language sql as $f$ select '--
-- Name: fake; Type: TABLE; Schema: public; Owner: nobody in particular
--' $f$;
  alter table orders owner to app;
  grant select on customer to "odd ""role""";
  alter table customer enable row level security;
  create policy own on customer to app, "odd ""role""" using (true);
  select lo_from_bytea(0, decode(repeat('00ff5c2e0a', 5000), 'hex'));
`;

for (const major of [15, 18] as const) {
  describe(`PostgreSQL ${major}`, { skip: skipWithout(`postgres${major}`), timeout: 600_000 }, () => {
    let server: DatabaseServer;
    let drills: Drills;
    let folder: string;
    let path: string;

    before(async () => {
      server = await startPostgres({ major });
      drills = await makeDrills(`postgres${major}`, { HOLDFAST_POSTGRES_BIN: server.bin });
      folder = drills.folder;
      await server.createDatabase('shop');
      await server.query('shop', content);
      url = `postgres://${server.user}@/shop?host=${server.socket}&port=${server.port}`;
      await drills.run(['backup', url]);
      path = `/postgres/${encodeURIComponent(server.socket)}_${server.port}/shop`;
    });
    after(async () => {
      await server.stop();
      drills.remove();
    });

    let url: string;
    const rewrite: (change: (name: string, text: string) => string) => Promise<void> = (change) =>
      drills.rewrite(path, change);
    const heldUp = async () => {
      await rewrite((_, text) => text);
      return await drills.heldUp('select pg_sleep(100)', 'data/postmaster.pid');
    };

    it('proves a sound snapshot, whatever the environment says of servers', async () => {
      const certificates = join(folder, 'certificates');
      const queries = join(folder, 'queries.sql');
      writeFileSync(
        queries,
        '-- customers\n-- expect: 2000\nselect count(*) from customer;\n\nselect 1 from orders;\n\n-- expect nothing\nselect 1 where false',
      );
      const elsewhere = {
        PGHOST: '192.0.2.1',
        PGHOSTADDR: '192.0.2.1',
        PGPORT: '1',
        PGDATABASE: 'no',
        PGUSER: 'no',
      };
      const more = {
        PGSERVICE: 'no',
        PGSSLMODE: 'verify-full',
        PGOPTIONS: '-c no=no',
        PGPASSFILE: '/no',
        PGDATA: '/no',
      };
      const drilled = await drills.run(
        ['drill', 'latest', '--certificate', certificates, '--queries', queries],
        {
          env: { ...elsewhere, ...more },
        },
      );
      assert.match(drilled.stdout, /roles app, odd "role": made up for the drill/);
      assert.match(
        drilled.stdout,
        /compared 3 tables, 7001 rows, .* 2 sequences, 2 extensions, .* 1 constraints not validated/,
      );
      assert.match(drilled.stdout, /\nproven: /);

      const [json, text] = readdirSync(certificates).sort();
      assert.match(readFileSync(join(certificates, text!), 'utf8'), /^PROVEN: /m);
      const file = join(certificates, json!);
      const genuine = await drills.run(['drill', '--verify-certificate', file, '--json']);
      const { certificate, public_key: key } = JSON.parse(genuine.stdout) as {
        certificate: {
          result: string;
          drill: { server: string; seconds: Record<string, number> };
          tables: { rows: number; same: boolean }[];
        };
        public_key: string;
      };
      assert.equal(certificate.result, 'proven');
      assert.match(certificate.drill.server, new RegExp(`^PostgreSQL ${major}\\.`));
      assert.deepEqual(Object.keys(certificate.drill.seconds), ['start', 'restore', 'compare', 'queries']);
      assert.deepEqual(
        certificate.tables.map(({ rows, same }) => [rows, same]),
        [
          [2000, true],
          [5000, true],
          [1, true],
        ],
      );
      await drills.run(['drill', '--verify-certificate', file, '--public-key', key], {
        env: { HOLDFAST_REPOSITORY: '/no' },
      });

      writeFileSync(file, readFileSync(file, 'utf8').replace('"rows": 2000', '"rows": 2001'));
      const forged = await drills.run(['drill', '--verify-certificate', file], { expect: 1 });
      assert.match(forged.stderr, /the certificate was changed after it was signed/);
    });

    for (const format of ['sql', 'custom']) {
      it(`proves a snapshot that is one file in the format ${format}`, async () => {
        await drills.run(['backup', url, '--format', format]);
        const { stdout } = await drills.run(['drill', 'latest', '--path', `${path}/${format}`]);
        assert.match(stdout, /compared 3 tables, 7001 rows, .* 2 sequences, 2 extensions, /);
        assert.match(stdout, /\nproven: /);
      });
    }

    it('proves a choice of tables, whose schema is made anew, and tells what the choice left out', async () => {
      await server.createDatabase('parts');
      await server.query(
        'parts',
        `create schema "Sh op"; create schema other;
         create table "Sh op".people as select 1 as id; create table "Sh op".logs as select 2 as id;
         create type other.mood as enum ('good'); create table "Sh op".moods (m other.mood)`,
      );
      const of = (database: string): string => url.replace('/shop?', `/${database}?`);
      const latest = ['latest', '--path', path.replace(/shop$/, 'parts')];
      await drills.run(['backup', of('parts'), '--table', '"Sh op".people']);
      const proven = await drills.run(['drill', ...latest]);
      assert.match(proven.stdout, /compared 1 tables, 1 rows, /);
      assert.match(proven.stdout, /\nproven: /);
      const planned = await drills.run(['restore', ...latest, '--create', '--dry-run', '--to', of('again')]);
      assert.match(planned.stdout, /make the schema Sh op, which the dump takes for granted/);
      for (const jobs of ['1', '2']) {
        const again = ['--create', '--clean', '--yes', '--jobs', jobs];
        await drills.run(['restore', ...latest, ...again, '--to', of('again')]);
        assert.equal(await server.query('again', 'select id from "Sh op".people'), '1\n');
      }

      await drills.run(['backup', of('parts'), '--table', '"Sh op".moods']);
      const lacking = await drills.run(['drill', ...latest], { expect: 21 });
      assert.match(
        lacking.stderr,
        /could not be drilled: the choice of tables left out what these need: other\.mood is needed, and neither/,
      );
      assert.doesNotMatch(lacking.stdout + lacking.stderr, /read-data/);
    });

    it('notices rows that are gone, evidence that lies, definitions that changed', async () => {
      await rewrite((name, text) => {
        switch (name) {
          case '2-data.public.orders.sql':
            return text.replace(/^4711\t.*\n/m, '');
          case '2-data.public.customer.sql':
            return text.replace('@example.org', '@example.com');
          case '1-schema.sql':
            return text
              .replace('customer.name\n', 'customer.mail AS name\n')
              .replace('SELECT name\n', 'SELECT mail AS name\n');
          case '3-sequences.sql':
            return text.replace("'public.orders_id_seq', 5000", "'public.orders_id_seq', 40");
          case 'evidence.json':
            return text.replace('"rows": 1,', '"rows": 3,');
        }
        return text;
      });
      const changed = await drills.run(['drill', 'latest'], { expect: 20 });
      for (const found of [
        /differs: public\.orders has 4999 rows instead of 5000\n/,
        /differs: the rows of public\.customer are not the same\n/,
        /differs: the schema in the snapshot is not the one that was backed up\n/,
        /differs: a sequence does not stand where it did: .*orders_id_seq/,
        /differs: public\.unvalidated has 1 rows instead of 3\n/,
      ]) {
        assert.match(changed.stdout, found);
      }
      assert.match(changed.stderr, /holdfast: the drill found \d differences/);

      await rewrite((name, text) =>
        name === '5-schema.sql' ? text.replace('FOREIGN KEY (customer)', 'FOREIGN KEY (custome)') : text,
      );
      const broken = await drills.run(['drill', 'latest'], { expect: 20 });
      assert.match(
        broken.stdout,
        /differs: it cannot be restored: psql failed with status 3: .*column "custome" .*does not exist/,
      );
    });

    it('leaves nothing when it is interrupted', async () => {
      const { child, ended, temporary, pid, said } = await heldUp();
      child.kill('SIGINT');
      assert.deepEqual(await ended, [130, null], said());
      assert.deepEqual(readdirSync(temporary), []);
      assert.ok(await endsSoon(pid));
    });

    if (major === 18) {
      it('compares what it can where the releases differ', async () => {
        await rewrite((name, text) =>
          name === 'evidence.json' ? text.replace('"server": "18', '"server": "17') : text,
        );
        const { stdout } = await drills.run(['drill', 'latest']);
        assert.match(
          stdout,
          /note: definitions were compared by their names alone, and 4-large-objects\.sql not at all, for the versions differ: 17\S* .* there, 18/,
        );
        assert.match(stdout, /\nproven: /);
      });
    }

    // what follows does not depend on the version
    if (major !== 15) return;

    it('tells what this machine lacks from what is wrong with the snapshot', async () => {
      await rewrite((name, text) =>
        name === 'evidence.json' ? text.replace('"name": "pg_trgm"', '"name": "postgis_of_tomorrow"') : text,
      );
      const extension = await drills.run(['drill', 'latest'], { expect: 21 });
      assert.match(
        extension.stderr,
        /holdfast: could not be drilled: extension postgis_of_tomorrow is not installed here\nhint: /,
      );
      await rewrite((name, text) =>
        name === 'evidence.json' ? text.replace(/"server": "\d+/, '"server": "99') : text,
      );
      const program = await drills.run(['drill', 'latest', '--json'], { expect: 21 });
      assert.match(
        program.stderr,
        /could not be drilled: the server is PostgreSQL 99, .*install the package postgresql-99/,
      );
      assert.equal((JSON.parse(program.stdout) as { result: string }).result, 'not-drilled');
    });

    it('fails when a query is not answered as expected', async () => {
      await rewrite((_, text) => text);
      const queries = join(folder, 'wrong.sql');
      writeFileSync(
        queries,
        '-- many\n-- expect: 5001\nselect count(*) from orders;\n\nselect * from nowhere\n',
      );
      const { stdout } = await drills.run(['drill', 'latest', '--queries', queries], { expect: 20 });
      assert.match(stdout, /differs: the query "many" gives: 5000\n/);
      assert.match(
        stdout,
        /differs: the query "select \* from nowhere" gives: psql failed .*"nowhere" does not exist/,
      );
    });

    it('leaves nothing when its server dies, and does not blame the snapshot', async () => {
      const { ended, temporary, pid, said } = await heldUp();
      process.kill(pid, 'SIGKILL');
      assert.deepEqual(await ended, [21, null], said());
      assert.match(said(), /could not be drilled: the throwaway server died: postgres was ended by SIGKILL/);
      assert.deepEqual(readdirSync(temporary), []);
    });

    it('takes its server along when it is killed', async () => {
      const { child, ended, pid } = await heldUp();
      child.kill('SIGKILL');
      await ended;
      assert.ok(await endsSoon(pid));
    });
  });
}
