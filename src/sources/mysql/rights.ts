/** What a user may not see the servers do not speak of: a dump would lack it, and nobody would know. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { Session } from './session.ts';

/** The rights that the user has by itself on everything or on this database; rights by roles are not told so. */
const question = `
select concat(quote(substring_index(current_user(), '@', 1)), '@', quote(substring_index(current_user(), '@', -1))) into @grantee;
select privilege_type from information_schema.user_privileges where grantee = @grantee
union select concat('DATABASE ', privilege_type) from information_schema.schema_privileges
  where grantee = @grantee and database() like table_schema;
select concat('ROLE ', ifnull(current_role(), 'NONE'));
`;

export interface Sight {
  /** a sentence for each kind of thing that may be missing in a dump by this user */
  readonly lacking: readonly string[];
  /** a dump asks for events even where there are none, and fails without the right to see them */
  readonly events: boolean;
}

/** What of the database the user may see; with `tables` alone neither routines nor events are asked for. */
export async function askSight(session: Session, tables: boolean): Promise<Sight> {
  const [lacking, seesEvents] = await Promise.all([
    hidden(session, tables),
    tables || mayAsk(session, 'show events;'),
  ]);
  if (seesEvents) return { lacking, events: !tables };
  return {
    lacking: [...lacking, 'events are left out: the user lacks the right EVENT on the database'],
    events: false,
  };
}

/** What the servers do not speak of. */
async function hidden(session: Session, tables: boolean): Promise<string[]> {
  const { family, version } = session.server;
  const major = Number.parseInt(version, 10);
  if (family === 'mysql' && major < 8) return [];
  const rights = new Set((await session.query(question)).split('\n'));
  // what a role gives is not listed
  if (!rights.has('ROLE NONE')) return [];
  const warnings: string[] = [];
  // with rights on some tables alone the others seem not to be there
  if (!tables && !rights.has('SELECT') && !rights.has('DATABASE SELECT')) {
    warnings.push('tables may be left out: the user lacks the right SELECT on the database as a whole');
  }
  if (!rights.has('TRIGGER') && !rights.has('DATABASE TRIGGER')) {
    warnings.push('triggers are left out: the user lacks the right TRIGGER on the database');
  }
  const seesRoutines =
    tables ||
    rights.has('SELECT') ||
    rights.has('SHOW_ROUTINE') ||
    rights.has('SHOW CREATE ROUTINE') ||
    rights.has('DATABASE SHOW CREATE ROUTINE') ||
    (family === 'mariadb' && (await mayAsk(session, 'select 1 from mysql.proc limit 0;')));
  if (!seesRoutines) {
    const right = family === 'mysql' ? 'SHOW_ROUTINE on *.*' : 'SELECT on mysql.proc';
    warnings.push(`functions and procedures may be left out: the user lacks the right ${right}`);
  }
  return warnings;
}

async function mayAsk(session: Session, question: string): Promise<boolean> {
  try {
    await session.query(question);
    return true;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'failed') return false;
    throw error;
  }
}
