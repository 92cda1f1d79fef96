import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, test } from "node:test";

const root = resolve(import.meta.dirname, "../..");

/** Programs that stand for the real ones: each notes its call and does what the scripts build on. */
const stands = {
  "dpkg-query": `echo "install ok installed"`,
  opam: `case "$*" in *"install --switch"*)
    mkdir -p "$OPAMROOT/mirage/bin"
    cp "$STANDS"/made/* "$OPAMROOT/mirage/bin/" ;;
  esac`,
} as const;
const made = {
  mirage: `echo v4.11.9`,
  ocamlfind: `echo 5.4.1`,
  "solo5-spt": "",
  "solo5-elftool": "",
  dune: "",
  "opam-monorepo": `mkdir -p duniverse/ocaml-h2/lib duniverse/ocaml-h2/hpack/src && touch duniverse/fetched
    cd duniverse/ocaml-h2
    echo "let make_root ?(capacity = 65536) () =" >lib/scheduler.ml
    echo "  let capacity = max 256 max_size in" >hpack/src/dynamic_table.ml
    echo "    let lookup_table = HeaderFieldsTbl.create capacity in" >hpack/src/encoder.ml`,
} as const;

let directory: string;
const path = (...names: string[]) => join(directory, ...names);

async function writePrograms(folder: string, programs: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, body] of Object.entries(programs)) {
    await writeFile(join(folder, name), `#!/bin/sh\necho "${name} $*" >>${path("calls")}\n${body}\n`);
    await chmod(join(folder, name), 0o755);
  }
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "toolchain-"));
  await writePrograms(path("stands"), stands);
  await writePrograms(path("stands/made"), made);
  await writeFile(path("calls"), "");
});

afterEach(() => rm(directory, { recursive: true, force: true }));

function toolchain(options: { backend?: string; installed?: boolean } = {}) {
  const { backend = "mirage", installed = false } = options;
  const programs = [path("stands"), ...(installed ? [path("stands/made")] : []), "/usr/bin", "/bin"];
  const { status, stdout, stderr } = spawnSync("sh", [join(root, "build/toolchain.sh")], {
    encoding: "utf8",
    env: {
      PATH: programs.join(":"),
      STANDS: path("stands"),
      MIRAGE_PAGES_BACKEND: backend,
      MIRAGE_PAGES_CACHE: path("cache"),
      MIRAGE_PAGES_TOOLCHAIN: path("toolchain"),
    },
  });
  return { status, output: stdout + stderr };
}

const calls = async (program: string) =>
  (await readFile(path("calls"), "utf8")).split("\n").filter((line) => line.startsWith(`${program} `));
const cached = async () => (await readdir(path("cache/mirage"))).toSorted();

test("the Linux backend needs no toolchain of its own", async () => {
  assert.deepEqual(toolchain({ backend: "linux" }), { status: 0, output: "" });
  assert.equal(await readFile(path("calls"), "utf8"), "");
});

test("an installed toolchain is used as it is; its libraries are fetched once", async () => {
  assert.match(toolchain({ installed: true }).output, /using the one that is installed/);
  assert.deepEqual(await calls("opam"), []);
  assert.equal((await calls("opam-monorepo")).length, 2);
  assert.equal(toolchain({ installed: true }).status, 0);
  assert.equal((await calls("opam-monorepo")).length, 2);
});

test("everything that an installed toolchain lacks is named at once", async () => {
  await writePrograms(path("stands/made"), { mirage: "echo v4.9.0", ocamlfind: "echo 4.14.1" });
  await rm(path("stands/made/solo5-elftool"));
  await rm(path("stands/made/opam-monorepo"));
  const { status, output } = toolchain({ installed: true });
  assert.equal(status, 1);
  for (const missing of [
    /mirage 4\.11 \(opam install mirage\.4\.11\.\d+\); found: 4\.9\.0/,
    /OCaml 5\.4\.1 .*; found: 4\.14\.1/,
    /ocaml-solo5 for OCaml 5\.4\.1/,
    /solo5-elftool/,
    /opam-monorepo/,
  ]) {
    assert.match(output, missing);
  }
  assert.doesNotMatch(output, /solo5-spt/);
});

test("a toolchain is made once, cached with its digest, and restored without a fetch", async () => {
  const first = toolchain();
  assert.equal(first.status, 0, first.output);
  assert.match(first.output, /none is cached.*making opam's switch.*cached \d+ bytes/s);
  const [archive, digest] = await cached();
  assert.equal(digest, `${archive}.sha256`);
  await rm(path("toolchain"), { recursive: true });
  await writeFile(path("calls"), "");
  const second = toolchain();
  assert.equal(second.status, 0, second.output);
  assert.match(second.output, new RegExp(`restored from ${archive}`));
  assert.deepEqual([await calls("opam"), await calls("opam-monorepo")], [[], []]);
  await readFile(path("toolchain/sources/spt/duniverse/fetched"));
  await assertFitted("toolchain/sources");
});

/** What h2 is after its change. */
const fitted = {
  "lib/scheduler.ml": "let make_root ?(capacity = 16) () =\n",
  "hpack/src/dynamic_table.ml": "  let capacity = 16 in\n",
  "hpack/src/encoder.ml": "    let lookup_table = HeaderFieldsTbl.create 16 in\n",
} as const;

async function assertFitted(sources: string): Promise<void> {
  for (const target of ["spt", "unix"]) {
    const h2 = path(sources, target, "duniverse/ocaml-h2");
    for (const [file, line] of Object.entries(fitted))
      assert.equal(await readFile(join(h2, file), "utf8"), line);
    const changes = (await readFile(join(h2, "changes.diff"), "utf8")).split("\n");
    assert.deepEqual(
      changes.filter((line) => line.startsWith("+")),
      Object.entries(fitted).flatMap(([file, line]) => [`+++ b/${file}`, `+${line.trimEnd()}`]),
    );
  }
}

test("h2's tables begin small; a version of it where that cannot be done is refused", async () => {
  toolchain({ installed: true });
  const [sources = ""] = await cached();
  await assertFitted(`cache/mirage/${sources}`);
  // What is small already stays as it is: nothing is changed twice.
  await rename(path("cache/mirage", sources), path("before"));
  const again = `mkdir -p duniverse && cp -R ${path("before/spt/duniverse/ocaml-h2")} duniverse/`;
  await writePrograms(path("stands/made"), { "opam-monorepo": again });
  assert.equal(toolchain({ installed: true }).status, 0);
  await assertFitted(`cache/mirage/${sources}`);
  await rm(path("cache"), { recursive: true });
  await writePrograms(path("stands/made"), {
    "opam-monorepo": "mkdir -p duniverse/ocaml-h2/lib && touch duniverse/ocaml-h2/lib/scheduler.ml",
  });
  const { status, output } = toolchain({ installed: true });
  assert.equal(status, 1);
  assert.match(output, /there is no "\?\(capacity = 65536\)" in .*scheduler\.ml: this version of h2/);
});

test("a cached toolchain that does not match its digest is made anew, not trusted", async () => {
  toolchain();
  const [archive = ""] = await cached();
  await appendFile(path("cache/mirage", archive), "x");
  await writeFile(path("calls"), "");
  const { status, output } = toolchain();
  assert.equal(status, 0, output);
  assert.match(output, /does not match its digest: it is made anew/);
  assert.ok((await calls("opam")).some((call) => call.includes("switch create")));
  assert.match(toolchain().output, /restored from/);
});

test("an archive whose digest was never written counts as none", async () => {
  toolchain();
  const [, digest = ""] = await cached();
  await rm(path("cache/mirage", digest));
  assert.match(toolchain().output, /does not match its digest/);
});

test("a step of opam that fails fails the build, and nothing is cached", async () => {
  await writePrograms(path("stands"), { opam: "exit 7" });
  assert.notEqual(toolchain().status, 0);
  await assert.rejects(cached(), { code: "ENOENT" });
});

test("the locks name the very versions that the toolchain is made of, and a digest of every library", async () => {
  const versions = await readFile(join(root, "build/versions.sh"), "utf8");
  const version = (name: string) => new RegExp(`^${name}=(.+)$`, "m").exec(versions)?.[1];
  for (const target of ["spt", "unix"]) {
    const lock = await readFile(
      join(root, `unikernel/mirage/lock/mirage-pages-${target}.opam.locked`),
      "utf8",
    );
    const locked = (name: string) => new RegExp(`^  "${name}" {= "([^"]+)"`, "m").exec(lock)?.[1];
    const names = {
      ocaml: "ocaml-base-compiler",
      mirage: "mirage",
      opam_monorepo: "opam-monorepo",
      dune: "dune",
    };
    const solo5 = { solo5: "solo5", ocaml_solo5: "ocaml-solo5" };
    for (const [ours, name] of Object.entries(target === "spt" ? { ...names, ...solo5 } : names)) {
      assert.equal(locked(name), version(ours), `${name} in the lock for ${target}`);
    }
    const sources = lock.slice(lock.indexOf("x-opam-monorepo-duniverse-dirs"));
    const urls = sources.match(/^ {4}"(https:|git\+https:)/gm)?.length ?? 0;
    const digests = sources.match(/^ {4}\[$/gm)?.length ?? 0;
    assert.ok(urls > 50 && urls === digests, `${urls} libraries with ${digests} digests`);
  }
});
