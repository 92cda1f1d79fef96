import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import yauzl from "yauzl";
import yazl from "yazl";
import { packageStack } from "../../cli/start/packaging.ts";

export const root = resolve(import.meta.dirname, "../..");

/** Short waits; everything else is as deployed. */
export const PARAMETERS: Readonly<Record<string, string>> = {
  settle: "1",
  drain: "2",
  keep: "1",
  boot: "20",
};

/** The packaged stack for tests, made once as long as nothing of it changes; `more` parameters make another one. */
export function testPackage(more: Readonly<Record<string, string>> = {}): Promise<string> {
  return packageStack(root, { ...PARAMETERS, ...more });
}

/**
 * A build that makes a boot partition in a moment: enough for machines that are not booted (machineKind
 * "node"), which look for EFI/BOOT/BOOTX64.EFI and nothing more.
 */
export const quickBuild: Readonly<Record<string, string>> = {
  "buildspec.yml": `version: 0.2
phases:
  build:
    commands:
      - mkdir -p build-output && cd build-output
      - "mformat -C -i boot.img -T 2048 -N 12345678 ::"
      - mmd -i boot.img ::/EFI ::/EFI/BOOT
      - printf 'MZ not a kernel' > program && mcopy -i boot.img program ::/EFI/BOOT/BOOTX64.EFI
      - printf '{}' > boot.json && cp boot.json sbom.json
artifacts:
  base-directory: build-output
  files: [boot.img, boot.json, sbom.json]
`,
};

/** The same, with a boot partition in which ImportImage finds an operating system that it knows. */
export const quickBuildOfSystem: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(quickBuild).map(([name, text]) => [
    name,
    text.replace("::/EFI/BOOT\n", "::/EFI/BOOT ::/EFI/debian\n"),
  ]),
);

/** A copy of a packaged stack whose start-build function carries other sources. */
export async function withSources(
  packageDir: string,
  target: string,
  sources: Readonly<Record<string, string>>,
): Promise<string> {
  await cp(packageDir, target, { recursive: true });
  const zip = join(target, "start-build.zip");
  const members = await readZip(await readFile(zip));
  members.set(
    "source.zip",
    await writeZip(new Map(Object.entries(sources).map(([n, t]) => [n, Buffer.from(t)]))),
  );
  await rm(zip);
  await writeFile(zip, await writeZip(members));
  return target;
}

/** The packaged template, as far as tests change it. */
export interface Template {
  Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
}

/** A packaged stack with another template: a copy, unless it lies at `target` already. */
export async function withTemplate(
  packageDir: string,
  target: string,
  change: (template: Template) => void,
): Promise<string> {
  if (packageDir !== target) await cp(packageDir, target, { recursive: true });
  const path = join(target, "cloudformation-template-update-stack.json");
  const template = JSON.parse(await readFile(path, "utf8")) as Template;
  change(template);
  await writeFile(path, JSON.stringify(template));
  return target;
}

async function readZip(zip: Buffer): Promise<Map<string, Buffer>> {
  const archive = await promisify<Buffer, yauzl.Options, yauzl.ZipFile>(yauzl.fromBuffer)(zip, {
    lazyEntries: true,
  });
  const members = new Map<string, Buffer>();
  const open = promisify<yauzl.Entry, NodeJS.ReadableStream>(archive.openReadStream.bind(archive));
  return new Promise((done, failed) => {
    archive.on("error", failed);
    archive.on("end", () => done(members));
    archive.on("entry", async (entry: yauzl.Entry) => {
      const chunks: Buffer[] = [];
      for await (const chunk of await open(entry)) chunks.push(chunk as Buffer);
      members.set(entry.fileName, Buffer.concat(chunks));
      archive.readEntry();
    });
    archive.readEntry();
  });
}

async function writeZip(members: ReadonlyMap<string, Buffer>): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  for (const [name, data] of members) zip.addBuffer(data, name, { mtime: new Date(Date.UTC(1980, 0, 1)) });
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
