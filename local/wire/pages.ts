import { AwsError } from "../service.ts";

/** A page of a list. The token is the index where the next page starts, encoded so that nobody relies on it. */
export function paginate<T>(
  all: readonly T[],
  token: string | undefined,
  limit: number,
): { items: T[]; nextToken: string | undefined } {
  const start = token === undefined ? 0 : Number(Buffer.from(token, "base64url").toString("utf8"));
  if (!Number.isInteger(start) || start < 0)
    throw new AwsError("InvalidToken", "The page token is not valid.");
  const items = all.slice(start, start + limit);
  const end = start + items.length;
  return { items, nextToken: end < all.length ? Buffer.from(String(end)).toString("base64url") : undefined };
}
