/** A job runs once at a time on a machine: a file says which process has it, and since when. */
import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { HoldfastError, messageOf } from '../kernel/errors.ts';
import { hasEnded, isRunning, processMark } from '../kernel/process-mark.ts';

interface Holder {
  readonly pid: number;
  /** by which the process is known again; absent where systems do not tell */
  readonly mark?: string;
  readonly hostname: string;
  /** as of ISO 8601 */
  readonly since: string;
}

export interface JobLockOptions {
  /** of all such files; made when it is not there */
  readonly folder: string;
  readonly job: string;
  /** tells jobs of one name apart */
  readonly origin: string;
  /** milliseconds since 1970 */
  readonly now: number;
}

const tries = 5;

/**
 * Takes the job, until the lock is disposed of. The lock of a process that has ended is taken over. Code `locked` when
 * another process runs it; `failed` when the folder cannot be used.
 */
export async function lockJob(options: JobLockOptions): Promise<AsyncDisposable> {
  const { folder, job, origin, now } = options;
  const hash = createHash('sha256').update(origin).digest('hex').slice(0, 12);
  const path = join(folder, `${job}-${hash}.lock`);
  const mark = processMark(process.pid);
  const own: Holder = {
    pid: process.pid,
    ...(mark !== undefined && { mark }),
    hostname: hostname(),
    since: new Date(now).toISOString(),
  };
  const text = JSON.stringify(own);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (await take(path, job, text)) return { [Symbol.asyncDispose]: () => release(path, text) };
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    throw new HoldfastError('failed', `the lock of the job ${job} cannot be written: ${messageOf(error)}`, {
      hint: 'HOLDFAST_STATE_DIR names another folder for it',
      cause: error,
    });
  }
  throw new HoldfastError('locked', `the job ${job} is being started by others at this moment`);
}

/**
 * False when others were always quicker. The lock of who has ended is replaced by one alone: by whoever has, in the same
 * way, the lock that is named after what it says. Code `locked` when somebody alive has either.
 */
async function take(path: string, job: string, text: string): Promise<boolean> {
  for (let left = tries; left > 0; left--) {
    if (await create(path, text)) return true;
    const found = await readFile(path, 'utf8').catch(ifAbsent);
    if (found === undefined) continue;
    const holder = parseHolder(found);
    if (holder && isAlive(holder)) throw heldBy(job, holder);
    const heir = `${path}.${createHash('sha256').update(found).digest('hex').slice(0, 12)}`;
    if (!(await take(heir, job, text))) return false;
    try {
      if ((await readFile(path, 'utf8').catch(ifAbsent)) === found) {
        await replace(path, text);
        return true;
      }
    } finally {
      await release(heir, text);
    }
  }
  return false;
}

/** All at once, so that nobody ever reads half of it; false when it is there. */
async function create(path: string, text: string): Promise<boolean> {
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, text, { flag: 'wx', mode: 0o600 });
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function replace(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, text, { flag: 'wx', mode: 0o600 });
  await rename(temporary, path);
}

async function release(path: string, text: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) await rm(path, { force: true });
}

function ifAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** undefined of what no Holdfast wrote. */
function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, mark, hostname: host, since } = JSON.parse(text) as Partial<Holder>;
    if (typeof pid !== 'number' || typeof host !== 'string' || typeof since !== 'string') return undefined;
    return { pid, hostname: host, since, ...(typeof mark === 'string' && { mark }) };
  } catch {
    return undefined;
  }
}

/** What cannot be known counts as alive: the folder may be shared with another machine. */
function isAlive({ pid, mark, hostname: host }: Holder): boolean {
  if (mark !== undefined && hasEnded(pid, mark)) return false;
  return host !== hostname() || isRunning(pid);
}

function heldBy(job: string, { pid, hostname: host, since }: Holder): HoldfastError {
  const where = host === hostname() ? '' : ` on ${host}`;
  return new HoldfastError('locked', `the job ${job} is being run by process ${pid}${where} since ${since}`, {
    hint: 'let it finish; when that process is gone, the next run takes the job over',
  });
}
