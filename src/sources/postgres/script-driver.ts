/** PostgreSQL's scripts: dumped, put in the place of a database, and verified in a server of their own. */
import { hasCode, HoldfastError, messageOf } from '../../kernel/errors.ts';
import type {
  OpenScript,
  ScriptDatabase,
  ScriptDriver,
  ScriptOptions,
  ScriptVerification,
  ScriptVerifyOptions,
} from '../database/script.ts';
import { connectionEnvironment, parsePostgresUrl } from './connection.ts';
import { findProgram } from './programs.ts';
import { connectionOf, dumpPostgresScript } from './script-dump.ts';
import { readScriptFacts } from './script-facts.ts';
import { loadPostgresScript, restorePostgresScript, summary } from './script-load.ts';
import { startThrowawayFor } from './throwaway-server.ts';

export const postgresScripts: ScriptDriver = {
  dump: dumpPostgresScript,
  size,
  restore: restorePostgresScript,
  verify,
};

async function size(database: ScriptDatabase, options: ScriptOptions): Promise<string> {
  const { environment, signal, programs, stallTimeout } = options;
  const { path } = await findProgram('psql', { environment, signal, folder: programs });
  const env = connectionEnvironment(connectionOf(database), environment, database.password);
  return (await summary(path, { env, signal, stallTimeout })).size;
}

async function verify(
  _database: ScriptDatabase,
  open: OpenScript,
  options: ScriptVerifyOptions,
): Promise<ScriptVerification> {
  const { environment, signal, programs, temporaryFolder, schema, warn } = options;
  const facts = await readScriptFacts(open());
  const roles = new Set([...facts.roles].filter((role) => !facts.made.has(role)));
  await using server = await startThrowawayFor(
    {
      server: facts.server ?? '0',
      encoding: facts.encoding,
      extensions: facts.extensions,
      tables: facts.tables,
      needs: async () => ({ roles, tablespaces: facts.tablespaces }),
    },
    { environment, programs, temporaryFolder, signal, startTimeout: options.serverTimeout },
  );
  const { connection } = server;
  const search = { environment: connection.environment, signal, folder: connection.programs };
  const { path } = await findProgram('psql', search);
  const env = connectionEnvironment(parsePostgresUrl(server.url), connection.environment, undefined);
  const child = { env, signal, onWarning: warn };
  try {
    await loadPostgresScript(path, open(), { child, ignoreErrors: options.ignoreErrors });
  } catch (error) {
    const ended = await server.ended();
    if (ended !== undefined) throw new HoldfastError('failed', ended, { cause: error });
    if (!hasCode(error, 'failed') || !server.isMissingHere(messageOf(error))) throw error;
    throw new HoldfastError('missing-here', `could not be verified here: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const found = await summary(path, child, schema);
  if (found.tables === 0) {
    const where = schema === undefined ? '' : `the schema ${schema} of `;
    throw new HoldfastError('failed', `no tables were found in ${where}the restored database`);
  }
  return { ...found, server: server.name, madeUp: server.madeUp };
}
