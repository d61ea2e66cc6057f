/** Who is told how a run went, and what they are told. */
import type { SecretReference } from '../../kernel/secret.ts';

/** `warning`: the data is safe, and something wants to be looked at. */
export const outcomes = ['success', 'warning', 'failure'] as const;
export type Outcome = (typeof outcomes)[number];

/** What there is to tell. */
export interface NotifyEvent {
  readonly outcome: Outcome;
  /** one line */
  readonly subject: string;
  /** plain text of any number of lines; no secrets */
  readonly message: string;
  /** further members of the JSON form */
  readonly details?: Readonly<Record<string, unknown>>;
}

interface Recipient {
  /** names it in messages */
  readonly name: string;
  /** the outcomes that it is told of */
  readonly on: readonly Outcome[];
}

export interface WebhookRecipient extends Recipient {
  readonly kind: 'webhook';
  /** http or https; a reference where the URL itself is the secret */
  readonly url: string | SecretReference;
  /**
   * `form`: the fields projectFriendlyName, projectName, statusCode (INFO, WARN, ERROR) and message, as backup-container
   * posts them. `json`: an object with the same members, and `subject`, `outcome` and the event's details.
   */
  readonly format: 'form' | 'json';
  readonly projectName?: string | undefined;
  readonly projectFriendlyName?: string | undefined;
  /** sent as `Authorization: Bearer ...` */
  readonly token?: SecretReference | undefined;
  /** PEM file of authorities to trust instead of the usual ones */
  readonly caFile?: string | undefined;
}

export interface MailRecipient extends Recipient {
  readonly kind: 'mail';
  readonly from: string;
  readonly to: readonly string[];
  readonly server: MailServer;
}

export interface MailServer {
  readonly host: string;
  /** undefined for the usual one: 587 with starttls, 465 with implicit, 25 with none */
  readonly port?: number | undefined;
  /** `starttls` sends nothing to a server that does not offer it */
  readonly tls: 'starttls' | 'implicit' | 'none';
  readonly user?: string | undefined;
  readonly password?: SecretReference | undefined;
  /** PEM file of authorities to trust instead of the usual ones */
  readonly caFile?: string | undefined;
}

export type NotifyRecipient = WebhookRecipient | MailRecipient;
