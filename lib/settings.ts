import * as z from "zod";

/** Let's Encrypt's for trying out: no browser trusts what it issues. */
export const STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory";

/** Authorities that have a short name (parameter acme). */
const DIRECTORIES: Readonly<Record<string, string>> = {
  letsencrypt: "https://acme-v02.api.letsencrypt.org/directory",
  "letsencrypt-staging": STAGING,
};

const given = z.string().transform((text) => (text === "" ? undefined : text));

/** Everything a function can be told by its environment; serverless.yml gives each only what it uses. */
const settings = {
  STACK: z.string().regex(/^[a-z0-9-]{1,40}$/),
  CONTENT_BUCKET: z.string().min(3),
  STATE_BUCKET: z.string().min(3),
  DEPLOY_MACHINE: z.string().startsWith("arn:"),
  RETIRE_MACHINE: z.string().startsWith("arn:"),
  CERTIFICATE_MACHINE: z.string().startsWith("arn:"),
  BUILD_PROJECT: z.string().min(1),
  TOPIC: z.string().startsWith("arn:"),
  SITE_ADDRESS: z.ipv4(),
  ADDRESS_ALLOCATION: z.string().startsWith("eipalloc-"),
  SUBNETS: z.string().transform((text) => text.split(",")),
  SECURITY_GROUP: z.string().startsWith("sg-"),
  INSTANCE_TYPE: z.string().regex(/^[a-z0-9-]+\.[a-z0-9]+$/),
  IMPORT_MODE: z.enum(["direct", "snapshot", "image"]),
  IMPORT_ROLE: z.string().min(1),
  ACME: z
    .string()
    .transform((text) => DIRECTORIES[text] ?? text)
    .transform((text) => (text === "none" ? undefined : text)),
  ACME_ROOT: z
    .string()
    .transform((text) => (text === "" ? undefined : Buffer.from(text, "base64").toString())),
  PROFILE: given,
  RESOLVER: given,
  HOSTED_ZONE: given,
  CHALLENGE_URL: z.url().transform((text) => text.replace(/\/$/, "")),
  SITE_NAMES: z.string().transform((text) => text.split(" ").filter((name) => name !== "")),
  ACCESS_LOG: z.enum(["off", "truncated", "full"]),
  ALLOW_EMPTY: z.enum(["true", "false"]).transform((text) => text === "true"),
  SETTLE_SECONDS: z.coerce.number().int().min(1),
  BOOT_SECONDS: z.coerce.number().int().min(5),
  DRAIN_SECONDS: z.coerce.number().int().min(0),
  KEEP_RELEASES: z.coerce.number().int().min(1),
  BACKEND: z.enum(["linux", "mirage"]),
  BUILD: z.enum(["changed", "always"]),
};

type Settings = { [K in keyof typeof settings]: z.infer<(typeof settings)[K]> };

/** Reads one setting. Throws with the variable's name when it is missing or wrong. */
export function setting<K extends keyof Settings>(name: K): Settings[K] {
  const result = settings[name].safeParse(process.env[name]);
  if (result.success) return result.data as Settings[K];
  const problem = result.error.issues[0]?.message ?? "is wrong";
  throw new Error(`The environment variable ${name} of this function ${problem}; deploy the stack again.`);
}

/** What the site is called in notifications: its first name, or its address as long as it has no domain. */
export function siteName(): string {
  return setting("SITE_NAMES")[0] ?? setting("SITE_ADDRESS");
}

/** What the site's certificate must be for: its names, or its address as long as it has no domain. */
export function certificateNames(): string[] {
  const names = setting("SITE_NAMES");
  return names.length > 0 ? names : [setting("SITE_ADDRESS")];
}
