export const LIVE_KEY = "live.json";
export const REFUSED_KEY = "refused.json";

export const archiveKey = (digest: string) => `archives/${digest}.tar`;
/** What that archive was packed from (lib/archive/pack-record.ts). */
export const packRecordKey = (digest: string) => `archives/${digest}.json`;
export const listingKey = (digest: string) => `listings/${digest}.json`;
export const bootKey = (build: string) => `boot/${build}/boot.img`;
export const bootRecordKey = (build: string) => `boot/${build}/record.json`;
export const chainKey = (serial: string) => `certificates/${serial}/chain.pem`;
/** Apart from everything else, so that a policy can name the secrets. */
export const privateKeyKey = (serial: string) => `keys/${serial}.pem`;
export const consoleKey = (release: number, attempt: number) => `${consolesOf(release)}${attempt}.log`;
/** The prefix of a release's consoles, one for each attempt. */
export const consolesOf = (release: number) => `consoles/${padded(release)}-`;
export const releaseKey = (number: number) => `releases/${padded(number)}.json`;

/** Releases in names and keys: six digits, so that byte order is number order. */
export function padded(release: number): string {
  return String(release).padStart(6, "0");
}
