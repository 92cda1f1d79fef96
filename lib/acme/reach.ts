import { Resolver } from "node:dns/promises";
import { get } from "node:http";
import { TransientFault } from "../errors.ts";
import { setting } from "../settings.ts";

const ANSWER_MS = 5_000;
/** Where challenges are answered (RFC 8555, 8.3). */
export const CHALLENGE_PATH = "/.well-known/acme-challenge/";

/** Asks these name servers, or this machine's when there are none. */
function resolver(servers: readonly string[]): Resolver {
  const made = new Resolver({ timeout: 2_000, tries: 2 });
  if (servers.length > 0) made.setServers(servers);
  return made;
}

async function addresses(name: string, family: 4 | 6): Promise<string[]> {
  const server = setting("RESOLVER");
  const asked = resolver(server === undefined ? [] : [server]);
  try {
    return family === 4 ? await asked.resolve4(name) : await asked.resolve6(name);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    if (["ENOTFOUND", "ENODATA"].includes(code)) return [];
    throw new TransientFault(`The addresses of ${name} cannot be looked up: ${code}.`);
  }
}

/**
 * Whether a name leads to this site's machine: what it answers for a challenge must send on to our own
 * challenge URL, whichever way it comes. Returns what is wrong and what to do, undefined when all is well.
 */
export async function misled(name: string, token = "mirage-pages"): Promise<string | undefined> {
  const site = setting("SITE_ADDRESS");
  const points = await addresses(name, 4);
  const [address] = points;
  if (address === undefined) return `${name} has no A record; give it one with the site's address ${site}.`;
  const wanted = `${setting("CHALLENGE_URL")}${CHALLENGE_PATH}${token}`;
  const found = await locationOf(address, name, `${CHALLENGE_PATH}${token}`);
  if (found === wanted) return undefined;
  if (!points.includes(site)) {
    return `${name} points at ${points.join(", ")}, the site's address is ${site}: change its A record.`;
  }
  return `${name} points at the site's address ${site}, but http://${name}${CHALLENGE_PATH}… ${found}; is the site live?`;
}

/** The names that do not lead here, and why; empty when a challenge of each would be answered. */
export async function misledNames(names: readonly string[]): Promise<string[]> {
  const seen = await Promise.all(names.map((name) => misled(name)));
  return seen.filter((wrong) => wrong !== undefined);
}

/** Why an authority may not have found the answer of a name, as far as it can be seen from here. */
export async function explainName(name: string): Promise<string | undefined> {
  const wrong = await misled(name);
  if (wrong !== undefined) return wrong;
  const six = await addresses(name, 6);
  if (six.length === 0) return undefined;
  return `${name} also has the AAAA record ${six.join(", ")}, which authorities try first, but the site has no IPv6 address: remove it.`;
}

/** The Location that a server at an address gives for a host's path; else what it did instead. */
function locationOf(address: string, host: string, path: string): Promise<string> {
  return new Promise((resolve) => {
    const call = get(
      { host: address, port: 80, path, headers: { host }, timeout: ANSWER_MS, agent: false },
      (answer) => {
        answer.resume();
        const { location } = answer.headers;
        resolve(location ?? `answers with status ${answer.statusCode}`);
      },
    );
    call.on("timeout", () => call.destroy(new Error(`did not answer in ${ANSWER_MS / 1000} s`)));
    call.on("error", (error) => resolve(`does not answer: ${error.message}`));
  });
}

/**
 * The TXT values that not every one of the name servers gives yet, told as sentences; empty when all do. They are
 * asked themselves: what a resolver has cached says nothing of what an authority will see.
 */
export async function missingTexts(
  wanted: ReadonlyMap<string, readonly string[]>,
  nameServers: readonly string[],
): Promise<string[]> {
  const looks = nameServers.flatMap((server) => [...wanted].map((one) => missingAt(server, ...one)));
  return (await Promise.all(looks)).filter((missing) => missing !== undefined);
}

async function missingAt(
  server: string,
  name: string,
  values: readonly string[],
): Promise<string | undefined> {
  const found = await addresses(server, 4);
  if (found.length === 0) return `the name server ${server} has no address`;
  try {
    const texts = (await resolver(found).resolveTxt(name)).map((parts) => parts.join(""));
    return values.every((value) => texts.includes(value)) ? undefined : `${server} has another TXT ${name}`;
  } catch (error) {
    return `${server} has no TXT ${name} (${error instanceof Error ? error.message : String(error)})`;
  }
}
