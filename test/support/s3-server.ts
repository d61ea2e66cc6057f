/** What a started S3 server tells the test, whichever server it is. */

export interface S3Server {
  /** `http://127.0.0.1:port`, no slash at the end */
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
  /** PEM file of the certificate authority, where the server speaks TLS */
  readonly ca?: string;
  /** Kills it and removes its data. Idempotent. */
  stop(): Promise<void>;
}

/** restic's URL form and variables for a bucket with a prefix; the bucket is made by the first `init`. */
export function s3Access(
  server: S3Server,
  bucket: string,
  prefix: string,
): { repository: string; env: Record<string, string> } {
  return {
    repository: `s3:${server.endpoint}/${bucket}/${prefix}`,
    env: {
      AWS_ACCESS_KEY_ID: server.accessKey,
      AWS_SECRET_ACCESS_KEY: server.secretKey,
      AWS_DEFAULT_REGION: server.region,
    },
  };
}
