/** What a restore into a database may be asked for, and what it says before it does anything. */

export interface RestoreChoices {
  /** make the database when it is not there */
  readonly create?: boolean | undefined;
  /** remove first what is in it; with `create`, the database itself */
  readonly clean?: boolean | undefined;
  /** so many connections load rows at once */
  readonly jobs?: number | undefined;
  /** who shall own everything; false for whoever restores */
  readonly owner?: string | false | undefined;
  /** false to leave out who may do what */
  readonly privileges?: boolean | undefined;
  /** make the roles of the server that was backed up */
  readonly withRoles?: boolean | undefined;
  /** `SCHEMA.TABLE` or `SCHEMA.TABLE=OTHER`, as the command line has it: these alone */
  readonly tables?: readonly string[] | undefined;
  /** `SCHEMA` or `SCHEMA=OTHER` */
  readonly schemas?: readonly string[] | undefined;
}

export interface RestorePlan {
  /** what will be done, a short sentence each */
  readonly steps: readonly string[];
  /** what will be gone afterwards */
  readonly loss: DatabaseLoss | undefined;
  /** of what will be restored */
  readonly tables: number;
  readonly rows: number;
}

export interface DatabaseLoss {
  /** the database, schema or table that goes: `the database shop` */
  readonly what: string;
  readonly tables: readonly LostTable[];
  /** functions, types, large objects and whatever else there is */
  readonly others: number;
}

export interface LostTable {
  readonly name: string;
  readonly rows: number;
  /** false when the rows of a large table were estimated from what the server knows */
  readonly exact: boolean;
  /** on disk, with indexes */
  readonly bytes: number;
}
