import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { installDebianPackages } from "../cli/start/machine.ts";
import { newCertificate } from "./certificates.ts";
import { changedPage, manyFiles } from "./deployments.ts";
import { powerOn } from "./power-on.ts";
import { serveExample } from "./serving/site.ts";
import { waitsOf } from "./serving/slow-clients.ts";
import { throughput } from "./serving/throughput.ts";
import { transferred } from "./serving/transferred.ts";
import { start } from "./starts.ts";
import { type Figure, table } from "./table.ts";

/**
 * `npm run bench`: the figures of docs/figures.md, each beside its aim and, where there is one, beside what the
 * same machine needs the other way in the same run. Takes some minutes; run it on a quiet machine.
 */
const root = resolve(import.meta.dirname, "..");
installDebianPackages(root, "local/acme/packages.txt", "tests/packages.txt", "bench/packages.txt");
const folder = await mkdtemp(join(tmpdir(), "mp-bench-"));
try {
  const data = join(folder, "data");
  const first = await start(data, join(folder, "first.json"));
  const second = await start(data, join(folder, "second.json"));
  const boot = await powerOn(data, folder);
  const changed = await changedPage(data);
  const many = await manyFiles(data);
  const served = await serveExample(join(folder, "served"), ["--connections", "6000"]);
  const slow = await waitsOf({ http: served.http, https: served.ours });
  const slowNginx = await waitsOf({ http: 0, https: served.nginx });
  const bytes = await transferred(served);
  await served.stop();
  const rates = await throughput(join(folder, "rates"));
  const certificate = await newCertificate();
  const site = first.report.site.bytes;
  const { build } = first.report.seconds;
  const figures: Figure[] = [
    {
      what: "First `npm start`, packages installed, compiling included",
      ours: first.seconds,
      unit: "s",
      aim: 180,
    },
    { what: "Second `npm start`", ours: second.seconds, unit: "s", aim: 25 },
    {
      what: "Changed page: end of `aws s3 sync` to the new page served",
      ours: changed.total,
      unit: "s",
      aim: 25,
      rival: {
        what: "with the build of the first start added, as in the 2017 guide",
        value: changed.total + build,
      },
    },
    { what: "… of which our own code (all but settling and booting)", ours: changed.own, unit: "s", aim: 3 },
    { what: "New certificate: stored to shown to visitors", ours: certificate.seconds, unit: "s", aim: 20 },
    {
      what: "Findings of testssl.sh above LOW",
      ours: certificate.findings.length,
      unit: "",
      aim: 0,
    },
    { what: "Power-on to first HTTPS 200 (median of 5)", ours: boot.seconds, unit: "s", aim: 11 },
    { what: "Disk, beside the site", ours: (first.report.disk.bytes - site) / 2 ** 20, unit: "MiB", aim: 32 },
    { what: "Least guest memory that boots and serves", ours: boot.memoryMiB, unit: "MiB", aim: 128 },
    { what: "Releases made by a sync of 5,000 files", ours: many.releases, unit: "", aim: 1 },
    {
      what: "S3 writes for each batch of events in that sync",
      ours: many.writesPerBatch,
      unit: "",
      aim: 2,
    },
    {
      what: "Wait for a page while 5,000 slow clients hang on (99th percentile of 1,000)",
      ours: slow.p99,
      unit: "ms",
      aim: 50,
      rival: { what: "nginx", value: slowNginx.p99 },
    },
    ...[
      { what: "page of 14 KB, kept connections", aim: 80, ...rates.page },
      { what: "page of 200 bytes, kept connections", aim: 100, ...rates.small },
      { what: "page of 200 bytes, a new connection each", aim: 80, ...rates.again },
      { what: "… of clients that were never here", aim: 80, ...rates.first },
    ].flatMap(({ what, aim, ours, nginx, rateShare, cpuShare }) => {
      const requests = `${ours.rate.toFixed(0)} of ${nginx.rate.toFixed(0)}`;
      const times = `${ours.cpu.toFixed(1)} and ${nginx.cpu.toFixed(1)} µs each`;
      const share = { unit: "%", aim, more: true as const };
      return [
        {
          what: `HTTPS requests a second of nginx's, Linux backend, one core: ${what} (${requests})`,
          ours: rateShare,
          ...share,
        },
        { what: `… in the same CPU time of the server (${times})`, ours: cpuShare, ...share },
      ];
    }),
    {
      what: "Every file of the example site fetched once, heads of HTTP/1.1 included",
      ours: bytes.ours.whole / 1000,
      unit: "kB",
      aim: bytes.nginx.whole / 1000,
      rival: {
        what: "nginx with static gzip and brotli of the highest quality",
        value: bytes.nginx.whole / 1000,
      },
    },
  ];
  console.log(`\n${table(figures)}`);
  for (const { id, severity, finding } of certificate.findings) console.log(`${severity} ${id}: ${finding}`);
  console.log(
    `\n${(await readFile("/proc/cpuinfo", "utf8")).match(/model name\s*: (.*)/)?.[1] ?? ""}, QEMU software emulation`,
  );
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
