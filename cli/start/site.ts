import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { CannotStart } from "./errors.ts";
import { fingerprint, once } from "./fingerprint.ts";

/** Builds the example site with Jekyll into the data directory and returns where it is. Throws CannotStart. */
export async function buildExampleSite(root: string, data: string): Promise<string> {
  const source = join(root, "examples/jekyll");
  const site = join(data, "site");
  await once(join(data, "site.stamp"), await fingerprint(source, ["."]), () => {
    console.log("Building the example site with Jekyll …");
    const args = ["build", "--quiet", "--disable-disk-cache", "--source", source, "--destination", site];
    // Where no locale is set, Ruby takes names for ASCII.
    const env = { ...process.env, LC_ALL: "C.UTF-8" };
    const jekyll = spawnSync("jekyll", args, { stdio: "inherit", env });
    if (jekyll.status !== 0)
      throw new CannotStart("Jekyll could not build examples/jekyll; its message is above.");
  });
  return site;
}
