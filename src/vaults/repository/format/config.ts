/** The repository's config file: its version, its id and the polynomial of its chunker. */
import { HoldfastError } from '../../../kernel/errors.ts';
import { type JsonRecord, RecordReader, stringify } from './json-record.ts';
import { isIrreducible } from './polynomial.ts';

export interface RepositoryConfig {
  readonly version: 1 | 2;
  /** 64 hex digits */
  readonly id: string;
  /** irreducible, of degree 53 where restic or we chose it */
  readonly chunkerPolynomial: bigint;
  /** fields beyond restic's, which its readers ignore; written back as they are */
  readonly extra: JsonRecord;
}

/** The JSON, to be sealed; config is never compressed. */
export function encodeConfig(config: RepositoryConfig): Uint8Array {
  return stringify({
    version: config.version,
    id: config.id,
    chunker_polynomial: config.chunkerPolynomial.toString(16),
    ...config.extra,
  });
}

/** Codes `corrupt`, and `unsupported` for a version that is not 1 or 2. */
export function decodeConfig(json: Uint8Array): RepositoryConfig {
  const reader = new RecordReader('config', json);
  const version = reader.uint('version');
  if (version !== 1 && version !== 2) {
    throw new HoldfastError(
      'unsupported',
      `the repository has version ${version}, and only 1 and 2 are known`,
      {
        hint: 'a newer version of this program may open it',
      },
    );
  }
  const polynomial = reader.text('chunker_polynomial');
  if (!/^[0-9a-fA-F]{1,16}$/.test(polynomial))
    reader.fail('chunker_polynomial', 'is no hex number of 64 bits');
  const chunkerPolynomial = BigInt(`0x${polynomial}`);
  if (!isIrreducible(chunkerPolynomial)) reader.fail('chunker_polynomial', 'is not irreducible');
  const { version: _version, id: _id, chunker_polynomial: _polynomial, ...extra } = reader.record;
  return { version, id: reader.text('id'), chunkerPolynomial, extra };
}
