/** Users, roles and what they may do: they belong to a server and to none of its databases. */
import { readProcess } from '../../kernel/process.ts';
import { findProgram } from './programs.ts';
import type { Session } from './session.ts';

/** Statements that make them where they are not. Code `failed`, for example when this user may not read them. */
export async function dumpAccounts(session: Session): Promise<Uint8Array> {
  return session.server.family === 'mariadb' ? byProgram(session) : byStatements(session);
}

async function byProgram(session: Session): Promise<Uint8Array> {
  const program = await findProgram('dump', session.search, session.server);
  const args = [...session.enter(program), '--system=users', '--insert-ignore', '--skip-dump-date'];
  const pieces: Buffer[] = [];
  for await (const piece of readProcess(program.path, args, session.child)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

/** MySQL's mysqldump knows of users from version 9 on alone. */
async function byStatements(session: Session): Promise<Uint8Array> {
  const listed = await session.query(
    `select hex(user), hex(host) from mysql.user
      where user not in ('mysql.sys', 'mysql.session', 'mysql.infoschema') order by user, host;`,
    '',
  );
  const accounts = listed
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t').map((hex) => Buffer.from(hex, 'hex').toString()))
    .map(([user, host]) => `${text(user!)}@${text(host!)}`);
  const ask = (verb: string): Promise<string> =>
    session.query(
      // hashes of passwords may hold any byte
      `/*!80017 set print_identified_with_as_hex = on */;\n${accounts.map((account) => `${verb} ${account};`).join('\n')}`,
      '',
    );
  const made = statements(await ask('show create user'), 'CREATE USER');
  const granted = statements(await ask('show grants for'), 'GRANT');
  const defaults: string[] = [];
  const users = made.map((statement) => {
    // the role may come later
    const [, account, roles] =
      /^CREATE USER (.*?@`(?:[^`]|``)*`) .*? DEFAULT ROLE (.*?) REQUIRE /s.exec(statement) ?? [];
    if (account === undefined) return statement;
    defaults.push(`ALTER USER ${account} DEFAULT ROLE ${roles}`);
    return statement.replace(` DEFAULT ROLE ${roles} REQUIRE `, ' REQUIRE ');
  });
  const all = [
    ...users.map((statement) => statement.replace(/^CREATE USER /, 'CREATE USER IF NOT EXISTS ')),
    ...granted,
    ...defaults,
  ];
  return Buffer.from(all.map((statement) => `${statement};\n`).join(''));
}

/** Each begins on a line of its own with the word, and may hold line feeds. */
function statements(answer: string, word: string): string[] {
  return answer.split(new RegExp(`^(?=${word} )`, 'm')).map((statement) => statement.trimEnd());
}

function text(name: string): string {
  return `'${name.replaceAll(/[\\']/g, '\\$&')}'`;
}
