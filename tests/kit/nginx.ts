import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** What of nginx tests and bench need: the program, its types, and one module. */
export interface Nginx {
  readonly program: string;
  readonly types: string;
  readonly modules: string;
}

interface NginxSetup {
  readonly configuration: string;
  readonly chainPem: string;
  readonly keyPem: string;
}

const packages = ["nginx", "nginx-common", "libnginx-mod-http-brotli-static"];

/**
 * Debian's nginx, unpacked into the cache: installed as a package it would start to listen on port 80 of the
 * machine at once. Rejects where Debian's packages cannot be fetched.
 */
export async function unpackNginx(): Promise<Nginx> {
  const root = resolve(import.meta.dirname, "../../node_modules/.cache/mirage-pages/nginx");
  const files = {
    program: join(root, "usr/sbin/nginx"),
    types: join(root, "etc/nginx/mime.types"),
    modules: join(root, "usr/lib/nginx/modules"),
  };
  await mkdir(join(root, "packages"), { recursive: true });
  const script = `test -d ${files.modules} || {
    cd ${root}/packages && rm -f ./*.deb && apt-get -q download ${packages.join(" ")} &&
    for package in ./*.deb; do dpkg-deb -x "$package" ${root}; done; }`;
  await promisify(execFile)("flock", [join(root, "lock"), "sh", "-c", script], { timeout: 120_000 });
  return files;
}

/**
 * Runs nginx with a configuration, in a directory that gets the certificate as well, until `stop` is called; `master`
 * is the id of the process that started its workers. Rejects if it does not listen on the port within 5 s.
 */
export async function runNginx(
  { program }: Nginx,
  directory: string,
  port: number,
  { configuration, chainPem, keyPem }: NginxSetup,
): Promise<{ readonly master: number; stop(): Promise<void> }> {
  await writeFile(join(directory, "chain.pem"), chainPem);
  await writeFile(join(directory, "key.pem"), keyPem);
  await writeFile(join(directory, "nginx.conf"), configuration);
  const args = ["-c", join(directory, "nginx.conf"), "-p", directory, "-e", join(directory, "errors")];
  const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
  await listening(child, port);
  return {
    master: child.pid ?? Number.NaN,
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    const socket = connect(port, "127.0.0.1");
    const open = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (open) return;
    await sleep(50);
  }
  child.kill("SIGKILL");
  throw new Error("nginx did not listen within 5 s");
}
