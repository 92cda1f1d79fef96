import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { diskBlocks } from "../../lib/disk/blocks.ts";
import { type Built, build } from "./built.ts";
import { fixtureDisk, type PackedFixture, packFixture } from "./fixtures.ts";

/** What the build makes, looked at without starting it: the same bytes each time, and all of it accounted for. */
const root = resolve(import.meta.dirname, "../..");

let directory: string;
let built: Built;
const path = (...names: string[]) => join(directory, ...names);
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "unikernel-image-"));
  built = await build();
});

after(() => rm(directory, { recursive: true, force: true }));

const shell = (script: string, env: Readonly<Record<string, string>> = {}) =>
  promisify(execFile)("sh", ["-euc", script], {
    cwd: directory,
    env: { ...process.env, ...env },
    maxBuffer: 2 ** 26,
  });

test("a build of the same sources in another place gives the same bytes", { timeout: 300_000 }, async (t) => {
  for (const folder of ["build", "unikernel"]) {
    const filter = (from: string) => !from.endsWith("/_build");
    await cp(join(root, folder), path("elsewhere", folder), { recursive: true, filter });
  }
  // No cache beside these sources: everything is compiled.
  await mkdir(path("temporary files"));
  const elsewhere = { BUILD_OUTPUT: path("made"), TZ: "Pacific/Auckland", TMPDIR: path("temporary files") };
  await shell("umask 077; sh elsewhere/build/unikernel.sh; sh elsewhere/build/boot-partition.sh", elsewhere);
  for (const name of ["mirage-pages-linux", "boot.img", "boot.json", "sbom.json"]) {
    const [first, second] = [await readFile(join(built.directory, name)), await readFile(path("made", name))];
    assert.equal(sha256(second), sha256(first), name);
  }

  await t.test("and so does a disk of the same site", async () => {
    const files = { "index.html": "<h1>Same</h1>", "a/b.css": "b{}".repeat(1_000), "z.bin": Buffer.alloc(9) };
    const pack = async (name: string) => {
      await mkdir(path(name));
      return packFixture({ directory: path(name), files });
    };
    // The certificate is chance; with the same one there is nothing left to differ in.
    const [{ identity, ...first }, second] = [await pack("first"), await pack("second")];
    const boots = [await readFile(built.bootImage), await readFile(path("made/boot.img"))] as const;
    const digest = await diskDigest({ ...first, identity }, boots[0]);
    assert.equal(await diskDigest({ ...second, identity }, boots[1]), digest);
    assert.notEqual(await diskDigest(second, boots[1]), digest);
  });
});

/** Of all blocks that are not zero, with their places. */
async function diskDigest(fixture: PackedFixture, boot: Buffer): Promise<string> {
  const { plan, sources } = fixtureDisk(fixture, boot);
  const hash = createHash("sha256").update(String(plan.bytes));
  for await (const { index, data } of diskBlocks(plan, sources)) hash.update(`${index} `).update(data);
  return hash.digest("hex");
}

interface Component {
  readonly type: string;
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly components?: readonly Component[];
  readonly pedigree?: {
    readonly patches: readonly {
      readonly type: string;
      readonly diff: { readonly text: { content: string } };
    }[];
    readonly notes: string;
  };
  readonly externalReferences?: readonly {
    readonly url: string;
    readonly hashes: readonly { readonly alg: string; readonly content: string }[];
  }[];
}
interface BillOfMaterials {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
}

const read = async (name: string) => JSON.parse(await readFile(name, "utf8")) as BillOfMaterials;
const digestOf = ({ hashes }: Component) => hashes?.find(({ alg }) => alg === "SHA-256")?.content;

test("the bill of materials names every file in the image by its digest, with the package it is of", async () => {
  const bill = await read(join(built.directory, "sbom.json"));
  assert.deepEqual([bill.bomFormat, bill.specVersion], ["CycloneDX", "1.5"]);
  const { component } = bill.metadata;
  assert.equal(digestOf(component), sha256(await readFile(built.bootImage)));
  assert.equal(component.version, digestOf(component));

  const packages = bill.components.map(({ name, version, purl, components = [] }) => {
    assert.ok(components.length > 0, name);
    assert.match(purl ?? "", /^pkg:deb\/debian\/[a-z0-9.+-]+@[^?]+\?arch=amd64&distro=debian-12$/);
    return [name, version] as const;
  });
  const { stdout } = await shell(`dpkg-query -W -f '\${Package} \${Version}\n'`);
  const installed = new Set(stdout.split("\n"));
  for (const [name, version] of packages)
    assert.ok(installed.has(`${name} ${version}`), `${name} ${version}`);

  const own = component.components ?? [];
  const named = new Set(
    [...own, ...bill.components.flatMap(({ components = [] }) => components)].map(digestOf),
  );
  const files = await filesOf(built.bootImage);
  for (const [name, digest] of files)
    assert.ok(named.has(digest), `${name} is in the image, not in the bill`);
  const names = files.map(([name]) => name);
  for (const name of [".linux", ".cmdline", "init", "server", "dhcpcd"])
    assert.ok(names.includes(name), name);
  // No shell, no other program: init, the server, its DHCP client, and what these are made of.
  const expected =
    /^(\.linux|\.cmdline|init|server|dhcpcd|etc\/(dhcpcd\.conf|passwd)|modules\/(list|[\w-]+\.ko)|lib(64)?\/[\w./+-]+\.so[.\d]*)$/;
  assert.deepEqual(
    names.filter((name) => !expected.test(name)),
    [],
  );
  // The cards of EC2 and of QEMU; NVMe is in the kernel.
  const modules = await readFile(path("files/modules/list"), "utf8");
  for (const module of ["ena", "virtio_net", "button"])
    assert.match(modules, new RegExp(`/${module}\\.ko$`, "m"));
  const stub = bill.components.find(({ name }) => name === "systemd-boot-efi");
  const stubPath = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub";
  assert.deepEqual((stub?.components ?? []).map(digestOf), [sha256(await readFile(stubPath))]);
  // What is linked in cannot be found in the image again: the libraries must be named.
  for (const linked of ["libssl-dev", "libc6-dev", "liblwt-ocaml-dev", "ocaml"]) {
    assert.ok(
      packages.some(([name]) => name === linked),
      linked,
    );
  }
  assert.ok(!own.some(({ name }) => name.endsWith(".ko") || name.includes(".so")), JSON.stringify(own));
});

/** Name and digest of everything that a boot image starts: the sections of its EFI program, the initramfs. */
async function filesOf(image: string): Promise<[name: string, digest: string][]> {
  await shell(
    `mcopy -n -i "$IMAGE" ::/EFI/BOOT/BOOTX64.EFI efi
    mkdir files
    for section in linux cmdline initrd; do objcopy -O binary --dump-section ".$section=$section" efi /dev/null; done
    mv linux files/.linux; mv cmdline files/.cmdline
    cd files && zstd -q -d -c ../initrd | cpio --quiet -i -d --no-absolute-filenames`,
    { IMAGE: image },
  );
  const entries = await readdir(path("files"), { recursive: true, withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => {
        const file = join(parentPath, name);
        return [relative(path("files"), file), sha256(await readFile(file))] as [string, string];
      }),
  );
}

test("the MirageOS image's bill names each library of the lock, and each source archive by its digest", async (t) => {
  await mkdir(path("mirage"));
  const program = "#include <unistd.h>\nint main(void) { pause(); return 0; }\n";
  await writeFile(path("mirage/tender.c"), program);
  await shell("gcc -O1 -o mirage/solo5-spt mirage/tender.c && cp mirage/solo5-spt mirage/mirage-pages.spt");
  await writeFile(
    path("mirage/opam-packages"),
    "base64 3.5.2 opam\nh2 0.13.0 opam\nhpack 0.13.0 opam\nmirage-crypto 2.4.0+dune opam\n",
  );
  const diff = '--- a/lib/x.ml\n+++ b/lib/x.ml\n@@ -1 +1 @@\n-\tlet x = "a\\n"\n+\tlet x = "b\\n"\n';
  await writeFile(path("mirage/h2.diff"), diff);
  const lock = join(root, "unikernel/mirage/lock/mirage-pages-spt.opam.locked");
  await shell(`sh ${root}/build/locked-sources.sh ${lock} >mirage/opam-sources`);
  await shell(`sh ${root}/build/boot-partition.sh`, {
    BUILD_OUTPUT: path("mirage"),
    MIRAGE_PAGES_BACKEND: "mirage",
  });
  const { components } = await read(path("mirage/sbom.json"));
  const crypto = components.find(({ name }) => name === "mirage-crypto");
  assert.deepEqual([crypto?.version, crypto?.purl], ["2.4.0+dune", "pkg:opam/mirage-crypto@2.4.0%2Bdune"]);
  const sources = components.filter(({ type }) => type === "file").flatMap((c) => c.externalReferences ?? []);
  assert.ok(sources.length > 50, `${sources.length} source archives`);
  for (const { url, hashes } of sources) {
    const [hash] = hashes;
    assert.match(url, /^https:\/\//);
    assert.match(`${hash?.alg} ${hash?.content}`, /^(SHA-256 [0-9a-f]{64}|SHA-512 [0-9a-f]{128})$/);
    assert.ok((await readFile(lock, "utf8")).includes(`${hash?.content}`), url);
  }

  await t.test("and says which are changed, by what and how", () => {
    const changed = components.filter(({ pedigree }) => pedigree !== undefined);
    assert.deepEqual(changed.map(({ name }) => name).toSorted(), ["h2", "hpack", "ocaml-h2"]);
    for (const { pedigree } of changed) {
      assert.deepEqual(pedigree?.patches, [{ type: "unofficial", diff: { text: { content: diff } } }]);
      assert.match(pedigree?.notes ?? "", /fit_h2 of build\/toolchain\.sh/);
    }
  });
});

test("a source archive without a digest in the lock fails the build", async () => {
  const lock = `x-opam-monorepo-duniverse-dirs: [\n  [\n    "https://example.org/a.tbz"\n    "a"\n    [\n    ]\n  ]\n]\n`;
  await writeFile(path("lock"), lock);
  await assert.rejects(
    shell(`sh ${root}/build/locked-sources.sh lock`),
    /no digest of https:\/\/example.org/,
  );
});

test("a file that no package owns fails the build", async () => {
  await writeFile(path("copied"), `${path("lock")}\n`);
  const script = `
    mkdir work && mv copied work
    output=$PWD/made work=$PWD/work backend=mirage kernel=/bin/true stub=/bin/true
    . ${root}/build/bill-of-materials.sh
    write_boot_json boot.json`;
  await assert.rejects(shell(script), /no Debian package owns: unowned .*\/lock/s);
});
