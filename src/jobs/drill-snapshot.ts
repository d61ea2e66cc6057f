/** A drill in a run: what it proved, as a step. */
import { readFile } from 'node:fs/promises';
import { fromNodeError } from '../kernel/native/system-error.ts';
import { signingKeyOf } from '../operations/drill/certificate.ts';
import { readSigningKey, writeCertificate } from '../operations/drill/certificate-file.ts';
import { provenText } from '../operations/drill/certificate-text.ts';
import { drill } from '../operations/drill/drill.ts';
import { type DrillQuery, parseQueries } from '../operations/drill/queries.ts';
import { isDatabaseFolder } from '../sources/database/drivers.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { findSnapshot } from '../vaults/repository/snapshot-filter.ts';
import type { JobDrill, JobSource, Step } from './job.ts';
import type { RunContext } from './run-context.ts';
import { counted } from './wording.ts';

/** Throws what ends a drill before there is a certificate. */
export async function drillSnapshot(
  repository: Repository,
  id: string,
  { queries: file, certificates, signingKey }: JobDrill,
  source: JobSource,
  context: RunContext,
): Promise<Pick<Step, 'outcome' | 'message' | 'code' | 'hint' | 'details'>> {
  const { environment, temporaryFolder, programs, programVersion } = context;
  const { snapshot } = await findSnapshot(repository, id);
  // a job may have files beside a database: nobody can ask these
  const queries = snapshot.paths.some(isDatabaseFolder) ? await queriesOf(file, source) : [];
  const { certificate, hint } = await drill(
    repository,
    { ...{ snapshot: id, queries, environment, temporaryFolder, programs, programVersion } },
    context,
  );
  const key = signingKey === undefined ? signingKeyOf(repository) : await readSigningKey(signingKey);
  const files = await writeCertificate(certificates, certificate, key);
  const { result, proof, differences } = certificate;
  const details = { result, proof, certificate: files.json, differences };
  if (result === 'proven') {
    return { outcome: 'done', message: provenText(proof), details };
  }
  const [first = 'it differs'] = differences;
  const more = differences.length > 1 ? `, and ${counted(differences.length - 1, 'difference')} more` : '';
  return {
    outcome: 'failed',
    code: result === 'differs' ? 'differs' : 'missing-here',
    message: `${first}${more}`,
    ...(hint !== undefined && { hint }),
    details,
  };
}

/** Those of a file, and what the source itself wants to be there. Codes `usage`, `not-found`, `forbidden`. */
export async function queriesOf(file: string | undefined, source: JobSource): Promise<DrillQuery[]> {
  const own = source.kind === 'database' ? source.drillSchema : undefined;
  return [...(own === undefined ? [] : [hasTables(own)]), ...(await readQueries(file))];
}

function hasTables(schema: string): DrillQuery {
  const name = schema.replaceAll("'", "''");
  return {
    name: `tables in the schema ${schema}`,
    sql: `select case when count(*) > 0 then 'some' else 'none' end from information_schema.tables where table_schema = '${name}' and table_type like '%TABLE%'`,
    expected: ['some'],
  };
}

async function readQueries(file: string | undefined): Promise<DrillQuery[]> {
  if (file === undefined) return [];
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw fromNodeError('read', Buffer.from(file), error);
  });
  return parseQueries(text, file);
}
