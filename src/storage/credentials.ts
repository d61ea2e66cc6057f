/** Who logs in at a storage, handed in by a configuration. What is absent, each storage looks for in its environment variables. */

export interface StorageCredentials {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** path of a private key, for SFTP */
  readonly keyFile?: string | undefined;
  readonly keyPassphrase?: string | undefined;
}
