/** The account that the local cloud plays. fauxqs writes this number into its ARNs, so everything here does. */
export const accountId = "000000000000";

/** Where the local cloud is: what ARNs are made of and where its one endpoint listens. */
export interface Place {
  readonly region: string;
  /** "http://127.0.0.1:PORT", known once the front door listens. */
  endpoint: string;
}

/** The ARN of something in the local account: `arn(place, "sqs", "queue-name")`. */
export function arn(place: Place, service: string, resource: string): string {
  return `arn:aws:${service}:${place.region}:${accountId}:${resource}`;
}
