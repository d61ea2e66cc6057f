/** Key files: the master key, sealed with what scrypt makes of a password. */
import { randomBytes } from 'node:crypto';
import { hasCode, HoldfastError } from '../../../kernel/errors.ts';
import { scrypt, type ScryptCost, scryptOfOpenssl } from '../../../kernel/scrypt/scrypt.ts';
import { RecordReader, stringify } from './json-record.ts';
import { type MasterKey, open, seal, SEAL_OVERHEAD } from './seal.ts';
import { formatTime, timeFromMs } from './time.ts';

export interface KeyFile {
  /** RFC 3339 */
  readonly created: string;
  readonly username: string;
  readonly hostname: string;
  readonly kdf: 'scrypt';
  /** cost, a power of two */
  readonly N: number;
  /** block size */
  readonly r: number;
  /** passes */
  readonly p: number;
  /** 64 bytes */
  readonly salt: Uint8Array;
  /** the sealed JSON of the master key */
  readonly data: Uint8Array;
}

export interface KeyOptions {
  readonly hostname: string;
  readonly username: string;
  /** 'password' takes about half a second and 32 MiB for every try; 'random-key' is for 256 random bits, which nobody can try */
  readonly cost: 'password' | 'random-key';
  /** milliseconds since 1970-01-01 UTC */
  readonly now: number;
}

/** Against a guess at 256 random bits no cost is needed. This is 1 MiB and 3 ms, what scrypt and restic still take as sound. */
const randomKeyCost: ScryptCost = { N: 1024, r: 8, p: 1 };
/** restic's aim: half a second by a plain implementation, and the largest power of two in 60 MiB. */
const passwordMs = 500;
const passwordN = 32768;
/** What a key file may ask of this machine: 1 GiB, and a minute or so. */
const maxMemory = 2 ** 30;
const maxWork = 2 ** 28;
const saltLength = 64;

/** Makes a key file that opens `master` with `password`. */
export async function createKey(
  password: Uint8Array,
  master: MasterKey,
  options: KeyOptions,
): Promise<KeyFile> {
  const { N, r, p } = options.cost === 'password' ? await passwordCost() : randomKeyCost;
  const salt = new Uint8Array(randomBytes(saltLength));
  const user = await deriveKey(password, salt, { N, r, p });
  return {
    created: formatTime(timeFromMs(options.now)),
    username: options.username,
    hostname: options.hostname,
    kdf: 'scrypt',
    N,
    r,
    p,
    salt,
    data: seal(user, encodeMasterKey(master)),
  };
}

/** The master key. Codes `wrong-password`, and `corrupt` when what the password opens is no key. */
export async function openKey(file: KeyFile, password: Uint8Array): Promise<MasterKey> {
  const user = await deriveKey(password, file.salt, file);
  let json: Uint8Array;
  try {
    json = open(user, file.data);
  } catch (error) {
    if (!hasCode(error, 'corrupt')) throw error;
    throw new HoldfastError('wrong-password', 'the password does not open this key', { cause: error });
  }
  return decodeMasterKey(json);
}

let calibrated: Promise<ScryptCost> | undefined;

/** Measured once in a process. */
function passwordCost(): Promise<ScryptCost> {
  calibrated ??= calibrate(passwordMs);
  return calibrated;
}

/** Passes that take about `targetMs` on this machine; `now` gives milliseconds. */
export async function calibrate(
  targetMs: number,
  now: () => number = () => performance.now(),
): Promise<ScryptCost> {
  const probe = { N: passwordN / 2, r: 8, p: 1 };
  const start = now();
  await scryptOfOpenssl(new Uint8Array(0), new Uint8Array(saltLength), 64, probe);
  const onePass = (now() - start) * 2;
  return { N: passwordN, r: 8, p: Math.max(1, Math.min(16, Math.floor(targetMs / onePass))) };
}

async function deriveKey(password: Uint8Array, salt: Uint8Array, cost: ScryptCost): Promise<MasterKey> {
  const bytes = await scrypt(password, salt, 64, cost);
  return { encrypt: bytes.subarray(0, 32), macK: bytes.subarray(32, 48), macR: bytes.subarray(48, 64) };
}

function encodeMasterKey(key: MasterKey): Uint8Array {
  return stringify({
    mac: { k: toBase64(key.macK), r: toBase64(key.macR) },
    encrypt: toBase64(key.encrypt),
  });
}

function decodeMasterKey(json: Uint8Array): MasterKey {
  const reader = new RecordReader('master key', json);
  const mac = reader.inner('mac') ?? reader.fail('mac', 'is missing');
  const take = (from: RecordReader, name: string, length: number) => {
    const bytes = from.bytes(name);
    if (bytes.length !== length) from.fail(name, `has ${bytes.length} bytes instead of ${length}`);
    if (bytes.every((byte) => byte === 0)) from.fail(name, 'is all zeros');
    return bytes;
  };
  return { encrypt: take(reader, 'encrypt', 32), macK: take(mac, 'k', 16), macR: take(mac, 'r', 16) };
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

/** The bytes of a key file, which are stored as they are. */
export function encodeKeyFile(file: KeyFile): Uint8Array<ArrayBuffer> {
  const { created, username, hostname, kdf, N, r, p } = file;
  return stringify({
    created,
    username,
    hostname,
    kdf,
    N,
    r,
    p,
    salt: toBase64(file.salt),
    data: toBase64(file.data),
  });
}

/** Codes `corrupt`, and `unsupported` for another way of deriving keys. */
export function decodeKeyFile(bytes: Uint8Array): KeyFile {
  const reader = new RecordReader('key', bytes);
  const kdf = reader.text('kdf');
  if (kdf !== 'scrypt') {
    throw new HoldfastError(
      'unsupported',
      `the key is derived with ${JSON.stringify(kdf.slice(0, 32))}, not with scrypt`,
      {
        hint: 'a newer version of this program may open it',
      },
    );
  }
  const N = reader.uint('N');
  const r = reader.uint('r');
  const p = reader.uint('p');
  if (N < 2 || !Number.isInteger(Math.log2(N))) reader.fail('N', 'is no power of two');
  if (r < 1) reader.fail('r', 'is zero');
  if (p < 1) reader.fail('p', 'is zero');
  if (128 * r * (N + p) > maxMemory) reader.fail('N', 'and r ask for more than 1 GiB of memory');
  if (N * r * p > maxWork) reader.fail('p', 'asks for more than minutes of work');
  const salt = reader.bytes('salt');
  if (salt.length !== saltLength) reader.fail('salt', `has ${salt.length} bytes instead of ${saltLength}`);
  const data = reader.bytes('data');
  if (data.length < SEAL_OVERHEAD) reader.fail('data', 'is too short');
  return {
    created: reader.text('created', '0001-01-01T00:00:00Z'),
    username: reader.text('username', ''),
    hostname: reader.text('hostname', ''),
    kdf,
    N,
    r,
    p,
    salt,
    data,
  };
}
