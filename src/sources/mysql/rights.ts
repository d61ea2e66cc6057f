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

/** A sentence for each kind of thing that may be missing. */
export async function lackingRights(session: Session): Promise<string[]> {
  const { family, version } = session.server;
  const major = Number.parseInt(version, 10);
  if (family === 'mysql' && major < 8) return [];
  const rights = new Set((await session.query(question)).split('\n'));
  // what a role gives is not listed
  if (!rights.has('ROLE NONE')) return [];
  const warnings: string[] = [];
  if (!rights.has('TRIGGER') && !rights.has('DATABASE TRIGGER')) {
    warnings.push('triggers are left out: the user lacks the right TRIGGER on the database');
  }
  const seesRoutines =
    rights.has('SELECT') ||
    rights.has('SHOW_ROUTINE') ||
    rights.has('SHOW CREATE ROUTINE') ||
    rights.has('DATABASE SHOW CREATE ROUTINE') ||
    (family === 'mariadb' && (await mayRead(session, 'mysql.proc')));
  if (!seesRoutines) {
    const right = family === 'mysql' ? 'SHOW_ROUTINE on *.*' : 'SELECT on mysql.proc';
    warnings.push(`functions and procedures may be left out: the user lacks the right ${right}`);
  }
  return warnings;
}

async function mayRead(session: Session, table: string): Promise<boolean> {
  try {
    await session.query(`select 1 from ${table} limit 0;`);
    return true;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'failed') return false;
    throw error;
  }
}
