/** Proves that a tar in an archive can be unpacked: into a throwaway folder, which is compared with the tar read again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../../kernel/context.ts';
import { messageOf, throwIfAborted } from '../../kernel/errors.ts';
import { fromNodeError, showPath } from '../../kernel/native/system-error.ts';
import { statPath } from '../../sources/files/listing.ts';
import { typeOfMode, readLink } from '../../sources/files/metadata.ts';
import { isDot, joinPath, pathComponents, rawPath } from '../../sources/files/path.ts';
import { closeFile, openFile, readFile } from '../../sources/files/read-file.ts';
import { readTar, type TarMember } from '../../sources/tar/read-tar.ts';
import type { Archive, StoredArtefact } from '../../vaults/archive/archive.ts';
import { openArtefact } from '../../vaults/archive/reader.ts';
import { type DrillFindings, noFindings, type Stages } from '../drill/report.ts';
import { openEvidence } from '../../vaults/archive/sealed-evidence.ts';
import { extractTree } from './extract-tree.ts';

export interface TreeDrillOptions {
  /** an existing folder with room for what is restored */
  readonly temporaryFolder: string;
  readonly stages: Stages;
}

/** What is wrong is among the findings; codes `disk-full`, `corrupt`, `truncated` and those of the storage are thrown. */
export async function drillTree(
  archive: Archive,
  artefact: StoredArtefact,
  { temporaryFolder, stages }: TreeDrillOptions,
  context: Context,
): Promise<DrillFindings> {
  const target = await mkdtemp(join(temporaryFolder, 'holdfast-drill-')).catch((error: unknown) => {
    throw fromNodeError('create a folder in', Buffer.from(temporaryFolder), error);
  });
  try {
    return await unpackAndCompare(archive, artefact, target, stages, context);
  } finally {
    await rm(target, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function unpackAndCompare(
  archive: Archive,
  artefact: StoredArtefact,
  target: string,
  stages: Stages,
  context: Context,
): Promise<DrillFindings> {
  const isRoot = process.geteuid?.() === 0;
  const differences: string[] = [];
  const notes = isRoot ? [] : ['owners and devices were not compared: only root can restore them'];
  await stages.time('restore', () =>
    extractTree(
      archive,
      artefact,
      {
        target,
        patterns: { excludes: [], insensitiveExcludes: [], includes: [], insensitiveIncludes: [] },
        ...{
          includeXattrs: [],
          excludeXattrs: [],
          overwrite: 'always',
          ownershipByName: false,
          dryRun: false,
        },
        problem: (path, message) => void differences.push(`${showPath(path)}: ${message}`),
        warn: (message) => void notes.push(message),
      },
      context.signal,
    ),
  );
  const counts = { files: 0, directories: 0, others: 0, bytes: 0 };
  await stages.time('compare', async () => {
    for await (const member of readTar(openArtefact(archive, artefact, context.signal), () => {})) {
      throwIfAborted(context.signal);
      const { type, name, size } = member;
      if (pathComponents(name).every(isDot)) continue;
      if (type === 'file') counts.files++;
      else if (type === 'dir') counts.directories++;
      else counts.others++;
      counts.bytes += size;
      const wrong = await compareMember(rawPath(target), member, isRoot);
      if (wrong.length > 0) differences.push(`${showPath(name)}: ${wrong.join(', ')}`);
    }
  });
  const seen = (await openEvidence(archive, artefact.known, context.signal)) as
    Partial<typeof counts> | undefined;
  if (seen?.files !== undefined && seen.files !== counts.files) {
    differences.push(`${counts.files} files are in it, and ${seen.files} were backed up`);
  }
  return { ...noFindings, differences, notes, counts };
}

/** What is not as the tar has it. */
async function compareMember(target: Uint8Array, member: TarMember, isRoot: boolean): Promise<string[]> {
  const { type, size, mtime, uid, gid, linkname } = member;
  if (!isRoot && (type === 'dev' || type === 'chardev')) return [];
  const path = joinPath(target, member.name);
  const wrong: string[] = [];
  try {
    const found = statPath(path);
    // another name of a file, or of anything else
    const wanted = type === 'link' ? typeOfMode(found.mode(0)) : type;
    if (typeOfMode(found.mode(0)) !== wanted) return [`it is a ${typeOfMode(found.mode(0))}, not a ${type}`];
    if (type === 'link') return [];
    if (found.mtimeSec(0) !== mtime.sec || found.mtimeNsec(0) !== mtime.nsec) wrong.push('another time');
    if (isRoot && (found.uid(0) !== uid || found.gid(0) !== gid)) wrong.push('another owner');
    if (type === 'symlink' && Buffer.compare(readLink(path), linkname) !== 0) wrong.push('another target');
    if (type !== 'file') return wrong;
    if (found.size(0) !== size) return [...wrong, `${found.size(0)} bytes instead of ${size}`];
    if (!(await sameContent(path, member))) wrong.push('other content');
  } catch (error) {
    wrong.push(messageOf(error));
  }
  return wrong;
}

async function sameContent(path: Uint8Array, member: TarMember): Promise<boolean> {
  const { fd } = openFile(path);
  let same = true;
  let buffer = Buffer.alloc(0);
  try {
    for await (const { position, bytes } of member.content()) {
      if (buffer.length < bytes.length) buffer = Buffer.allocUnsafe(bytes.length);
      const read = readFile(fd, path, buffer, 0, bytes.length, position);
      if (read < bytes.length || buffer.compare(bytes, 0, bytes.length, 0, bytes.length) !== 0) same = false;
    }
  } finally {
    closeFile(fd);
  }
  return same;
}
