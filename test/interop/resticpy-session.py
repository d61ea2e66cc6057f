"""A session of somebody who drives a backup program with resticpy: every call of it, with what it answers, as JSON.

arguments: PROGRAM FOLDER CHEAPEN, where FOLDER holds `tree`, `password` and `other-password`, and CHEAPEN makes the key of
a repository one that opens at once, given its path
"""

import json
import os
import subprocess
import sys

import restic

program, folder, cheapen = sys.argv[1:]
place = lambda name: os.path.join(folder, name)

restic.binary_path = program
restic.repository = place('repository')
restic.password_file = place('password')
restic.use_cache = False

answers = {}


def step(name, answer):
    answers[name] = answer
    return answer


step('init', restic.init())
subprocess.run([cheapen, place('repository')], check=True)
step('version', sorted(restic.version()))
first = step('backup', restic.backup(paths=[place('tree')], tags=['one', 'two'], host='tester'))
with open(place('tree/later.txt'), 'w', encoding='utf-8') as file:
    file.write('came later')
step('backup again', restic.backup(paths=[place('tree')], exclude_patterns=['*.skip'], host='tester', scan=False))
step('backup unchanged', restic.backup(paths=[place('tree')], host='tester', skip_if_unchanged=True))
step('backup dry run', restic.backup(paths=[place('tree')], dry_run=True))
with open(place('list'), 'w', encoding='utf-8') as file:
    file.write(place('tree/folder') + '\n')
step('backup of a list', restic.backup(files_from=[place('list')], host='lister', group_by=['host']))
step('snapshots', restic.snapshots())
step('snapshots by tag', restic.snapshots(tags=['one', 'two']))
step('snapshots by host', restic.snapshots(host='lister', group_by=['host']))
step('one snapshot', restic.snapshots(snapshot_id=first['snapshot_id'][:10]))
step('find', restic.find('later*'))
step('stats', restic.stats())
for mode in ['restore-size', 'files-by-contents', 'blobs-per-file', 'raw-data']:
    step('stats ' + mode, restic.stats(mode=mode))
step('check', restic.check(read_data=True) is not None)
step('check subset', restic.check(read_data_subset='1/2') is not None)
step('restore', restic.restore('latest:' + place('tree/folder'), target_dir=place('restored part')).splitlines()[-1])
step('restore all', restic.restore(first['snapshot_id'], exclude=['*.skip'], target_dir=place('restored')).splitlines()[-1])
step('restored', sorted(os.path.relpath(os.path.join(at, name), place('restored'))
                        for at, _, names in os.walk(place('restored')) for name in names))
step('cat config', restic.cat.config())
step('cat masterkey', restic.cat.masterkey())
step('key list', restic.key.list())
step('key add', restic.key.add(new_password_file=place('other-password'), host='h', user='u') is not None)
step('keys', sorted(restic.key.list(), key=lambda key: key['userName']))
other = [key for key in answers['keys'] if not key['current']][0]
step('key remove', restic.key.remove(other['id']) is not None)
step('key passwd', restic.key.passwd(new_password_file=place('other-password')) is not None)
restic.password_file = place('other-password')
step('locks', restic.list.locks())
step('unlock', restic.unlock() is not None)
step('rewrite', restic.rewrite(exclude=['*.txt'], snapshot_id=first['snapshot_id'], forget=True) is not None)
step('snapshots rewritten', restic.snapshots(tags=['rewrite']))
by_host = lambda groups: sorted(groups, key=lambda group: group['host'])
step('forget dry run', by_host(restic.forget(dry_run=True, keep_last=1, group_by=['host'])))
step('forget', by_host(restic.forget(keep_last=1, group_by=['host'], prune=True)))
step('forget one', restic.forget(snapshot_id=answers['forget'][0]['keep'][0]['id']))
step('snapshots left', restic.snapshots())
restic.repository = place('copy')
step('init copy', restic.init(copy_chunker_params=True, from_repo=place('repository'),
                              from_password_file=place('other-password')))
step('copy', restic.copy(from_repo=place('repository'), from_password_file=place('other-password')) is not None)
step('snapshots copied', restic.snapshots())
step('check copy', restic.check(read_data=True) is not None)
step('generate', restic.generate(bash_completion_path=place('completion.bash')) is not None)
restic.repository = place('nowhere')
try:
    restic.snapshots()
except restic.errors.ResticFailedError as error:
    step('error', str(error).split(':')[0])

print(json.dumps(answers))
