/** What a started database server tells the test, whichever server it is. */

export interface DatabaseServer {
  /** for messages: `PostgreSQL 18`, `MySQL 9` */
  readonly name: string;
  /** always 127.0.0.1: TCP asks for the password */
  readonly host: string;
  readonly port: number;
  /** the folder of the socket for PostgreSQL, its file for MySQL and MariaDB: asks for no password with PostgreSQL */
  readonly socket: string;
  /** the superuser */
  readonly user: string;
  readonly password: string;
  /** the folder of this very version's clients */
  readonly bin: string;
  /** variables through which this server's clients find it and may enter */
  readonly env: Readonly<Record<string, string>>;
  /** Makes an empty database; any name is fine. */
  createDatabase(name: string): Promise<void>;
  /** Runs SQL with the server's own client; rows as lines, columns parted by tabs, no headings. Throws on any error. */
  query(database: string, sql: string): Promise<string>;
  /** Ends the server as a crash does, keeps its data; `stop` is still to be called. */
  kill(): Promise<void>;
  /** Ends it and removes its data. Idempotent. */
  stop(): Promise<void>;
}
