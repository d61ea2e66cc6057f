/** When a file has to be read again. */
import type { StatRecords } from '../../kernel/native/stat-record.ts';
import type { Node } from '../../vaults/repository/format/node.ts';

/** How strictly a file is compared with what the parent snapshot says of it. */
export interface ChangeRules {
  readonly ignoreCtime: boolean;
  readonly ignoreInode: boolean;
}

/** True when size, modification time, change time or inode differ. */
export function hasChanged(stat: StatRecords, i: number, previous: Node, rules: ChangeRules): boolean {
  return (
    previous.type !== 'file' ||
    previous.size !== stat.size(i) ||
    previous.mtime.sec !== stat.mtimeSec(i) ||
    previous.mtime.nsec !== stat.mtimeNsec(i) ||
    (!rules.ignoreCtime &&
      (previous.ctime.sec !== stat.ctimeSec(i) || previous.ctime.nsec !== stat.ctimeNsec(i))) ||
    (!rules.ignoreInode && previous.inode !== stat.inode(i))
  );
}
