/** Posts each message of a topic to the webhook; rejects when that refuses. */
export function handler(event: {
  readonly Records: readonly { readonly Sns: { readonly Subject: string; readonly Message: string } }[];
}): Promise<void>;
