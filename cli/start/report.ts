import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cloud } from "../../local/cloud.ts";
import type { Unhonoured } from "../../local/stack/loader.ts";
import { pathWithEndpoint } from "../aws.ts";
import { siteSize } from "./files.ts";
import type { RunOptions } from "./run.ts";
import type { Timings } from "./timings.ts";
import type { Verified } from "./verify.ts";

/** Tells how long it took and what was compared. */
export function printOutcome(
  address: string,
  release: number,
  verified: Verified,
  spent: Timings | undefined,
): void {
  const { paths, mismatches } = verified;
  if (spent !== undefined) {
    const { total, settle, build, boot, own } = spent;
    console.log(
      `\nRelease ${release} was live ${total} s after the upload: settle ${settle}, build ${build}, boot ${boot}, own ${own}.`,
    );
  }
  for (const mismatch of mismatches.slice(0, 10)) console.error(`  differs: ${mismatch}`);
  console.log(`${paths - mismatches.length} of ${paths} paths are as in the upload.`);
  console.log(`\n  https://${address}/\n`);
}

/** Tells how to drive the running cloud from another terminal. */
export function printHowToGoOn(cloud: Cloud, { data, site }: RunOptions, page = ""): void {
  const lines = Object.entries(cloud.environment).map(([name, value]) => `  export ${name}=${value}`);
  console.log(
    [
      "The certificate is self-signed, so a browser asks once. In another terminal:",
      ...lines,
      "  export AWS_PAGER=",
      `  export PATH="${pathWithEndpoint(join(data, "bin"))}"`,
      `  aws s3 sync --delete ${site} s3://${cloud.outputs.ContentBucket}`,
      "",
      `Console page: ${page}`,
      "Ctrl-C ends everything; the next start finds it again.",
    ].join("\n"),
  );
}

interface ReportParts {
  readonly release: number;
  readonly address: string;
  readonly site: string;
  readonly spent: Timings | undefined;
  readonly verified: Verified;
  readonly written: number;
}

/** Writes what happened as JSON: times in seconds, sizes in bytes. */
export async function writeReport(file: string, parts: ReportParts): Promise<void> {
  const { states = {}, ...seconds } = parts.spent ?? { total: 0, settle: 0, build: 0, boot: 0, own: 0 };
  const report = {
    release: parts.release,
    url: `https://${parts.address}/`,
    site: await siteSize(parts.site),
    seconds: { ...seconds, start: Math.round(process.uptime() * 1000) / 1000 },
    states,
    disk: { bytes: parts.written },
    verified: { paths: parts.verified.paths, mismatches: parts.verified.mismatches.length },
  };
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}

/** Text as a block under a line that introduces it. */
export function indented(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
}

/** What the template asks for in vain, for each type once: "AWS::EC2::Route, AWS::S3::Bucket (BucketEncryption)". */
export function withoutEffect(unhonoured: readonly Unhonoured[]): string {
  return Object.entries(Object.groupBy(unhonoured, ({ type }) => type))
    .map(([type, some = []]) => {
      const properties = new Set(some.flatMap(({ property }) => property ?? []));
      return properties.size === 0 ? type : `${type} (${[...properties].join(", ")})`;
    })
    .join(", ");
}
