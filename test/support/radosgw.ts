/**
 * Ceph's S3 gateway of the test's own: one monitor, one object store in memory and one gateway, as processes in the
 * foreground on free loopback ports, all below one temporary folder.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { runProgram } from './program.ts';
import type { S3Server } from './s3-server.ts';
import { answers, freePort, type Server, startServer } from './server.ts';
import { removeTree } from './temp.ts';
import { toolPath } from './tools.ts';

const accessKey = 'holdfasttest';
const secretKey = 'holdfasttestsecret';

export interface Radosgw extends S3Server {
  /** Makes a further user, who may nothing but what a policy permits: `arn:aws:iam:::user/NAME`. */
  addUser(name: string): Promise<{ readonly accessKey: string; readonly secretKey: string }>;
}

/** Starts a monitor, a store and a gateway; takes about 15 seconds and 400 MB of memory. */
export async function startRadosgw(): Promise<Radosgw> {
  toolPath('radosgw');
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-rgw-'));
  const servers: Server[] = [];
  const stop = async (): Promise<void> => {
    for (const server of servers.toReversed()) await server.stop();
    removeTree(folder);
  };
  try {
    const endpoint = await start(folder, servers);
    return {
      ...{ endpoint, accessKey, secretKey, region: 'us-east-1', stop },
      async addUser(name) {
        const keys = { accessKey: `key-of-${name}`, secretKey: `secret-of-${name}` };
        await createUser(join(folder, 'ceph.conf'), name, keys);
        return keys;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(folder: string, servers: Server[]): Promise<string> {
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const addresses = `[v2:127.0.0.1:${ports[0]},v1:127.0.0.1:${ports[1]}]`;
  const endpoint = `http://127.0.0.1:${ports[2]}`;
  const fsid = randomUUID();
  const conf = join(folder, 'ceph.conf');
  for (const name of ['mon', 'osd', 'rgw', 'log', 'run']) mkdirSync(join(folder, name));
  writeFileSync(conf, configuration(folder, fsid, addresses, ports[2]));
  const ceph = (args: string[], input = ''): Promise<unknown> =>
    runProgram('ceph', ['-c', conf, '--connect-timeout', '20', ...args], { input, timeout: 60_000 });

  await makeKeys(folder);
  await runProgram('monmaptool', [
    '--create',
    '--fsid',
    fsid,
    '--addv',
    'a',
    addresses,
    join(folder, 'monmap'),
  ]);
  const keyring = join(folder, 'keyring');
  await runProgram('ceph-mon', [
    ...['-c', conf, '--mkfs', '-i', 'a', '--monmap', join(folder, 'monmap'), '--keyring', keyring],
  ]);
  servers.push(
    await startServer({
      command: toolPathOf('ceph-mon'),
      args: ['-f', '-c', conf, '-i', 'a'],
      ready: async () =>
        (await runProgram('ceph', ['-c', conf, '--connect-timeout', '3', 'mon', 'stat'])).status === 0,
    }),
  );

  const secret = await runProgram('ceph-authtool', ['--gen-print-key']);
  const key = secret.stdout.trim();
  const store = randomUUID();
  await runProgram('ceph-authtool', ['-C', join(folder, 'osd', 'keyring'), '-n', 'osd.0', '-a', key]);
  await ceph(['osd', 'new', store, '-i', '-'], JSON.stringify({ cephx_secret: key }));
  const host = hostname().split('.')[0] ?? 'localhost';
  await ceph(['osd', 'crush', 'add', 'osd.0', '1', 'root=default', `host=${host}`]);
  await runProgram('ceph-osd', ['-c', conf, '-i', '0', '--mkfs', '--osd-uuid', store]);
  servers.push(
    await startServer({
      command: toolPathOf('ceph-osd'),
      args: ['-f', '-c', conf, '-i', '0'],
      ready: async () => / 1 up/.test((await runProgram('ceph', ['-c', conf, 'osd', 'stat'])).stdout),
    }),
  );
  servers.push(
    await startServer({
      command: toolPath('radosgw'),
      args: ['-f', '-c', conf, '-n', 'client.rgw'],
      ready: () => answers(`${endpoint}/`),
    }),
  );
  await createUser(conf, 'test', { accessKey, secretKey });
  return endpoint;
}

const toolPathOf = (daemon: string): string => `/usr/bin/${daemon}`;

async function makeKeys(folder: string): Promise<void> {
  const keyring = join(folder, 'keyring');
  const add = (create: string[], name: string, ...caps: string[]): Promise<unknown> =>
    runProgram('ceph-authtool', [
      ...[...create, keyring, '--gen-key', '-n', name],
      ...caps.flatMap((cap) => ['--cap', ...cap.split('=')]),
    ]);
  await add(['-C'], 'mon.', 'mon=allow *');
  await add([], 'client.admin', 'mon=allow *', 'osd=allow *', 'mgr=allow *');
  await add([], 'client.rgw', 'mon=allow rw', 'osd=allow rwx');
}

async function createUser(
  conf: string,
  name: string,
  keys: { accessKey: string; secretKey: string },
): Promise<void> {
  // the gateway answers a moment before its pools are all there
  for (let tries = 0; ; tries++) {
    const result = await runProgram(
      'radosgw-admin',
      [
        ...['-c', conf, 'user', 'create', `--uid=${name}`, `--display-name=${name}`],
        ...[`--access-key=${keys.accessKey}`, `--secret-key=${keys.secretKey}`],
      ],
      { expect: 'any' },
    );
    if (result.status === 0) return;
    if (tries === 5) throw new Error(`radosgw-admin: ${result.stderr}`);
    await pause(500);
  }
}

function configuration(folder: string, fsid: string, addresses: string, port: number): string {
  return `[global]
fsid=${fsid}
mon_host=${addresses}
keyring=${folder}/keyring
osd_pool_default_size=1
osd_pool_default_min_size=1
mon_allow_pool_size_one=true
osd_pool_default_pg_num=8
osd_pool_default_pgp_num=8
osd_crush_chooseleaf_type=0
mon_max_pg_per_osd=1000
osd_pool_default_pg_autoscale_mode=off
rgw_rados_pool_pg_num_min=1
admin_socket=${folder}/run/$name.asok
log_file=${folder}/log/$name.log
pid_file=${folder}/run/$name.pid
run_dir=${folder}/run
public_addr=127.0.0.1
cluster_addr=127.0.0.1
mon_data_avail_crit=1
mon_data_avail_warn=2
[mon.a]
mon_data=${folder}/mon
[osd]
osd_data=${folder}/osd
keyring=${folder}/osd/keyring
osd_objectstore=memstore
memstore_device_bytes=8589934592
osd_class_load_list=*
osd_class_default_list=*
[client.rgw]
rgw_frontends=beast endpoint=127.0.0.1:${port} tcp_nodelay=1
rgw_enable_apis=s3,admin,iam,sts
rgw_data=${folder}/rgw
`;
}
