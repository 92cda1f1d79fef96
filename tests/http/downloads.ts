import { createHash } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { askPage } from "./page.ts";
import type { Target } from "./run.ts";

const limitMs = 60_000;

/**
 * What is wrong with so many downloads of a file at once, and with a page that is asked for meanwhile; empty when
 * nothing is. The file is to be one without a coding: its entity tag is the beginning of its digest then.
 */
export async function checkDownloads(target: Target, path = "/large.bin", clients = 50): Promise<string[]> {
  const downloads = Array.from({ length: clients }, () =>
    download(target, path).catch((error: Error) => [error.message]),
  );
  const page = askPage(target, "a page meanwhile");
  const problems = (await Promise.all(downloads)).flatMap((found, i) =>
    found.map((one) => `download ${i + 1}: ${one}`),
  );
  return [...problems, ...(await page)];
}

async function download(target: Target, path: string): Promise<string[]> {
  const { host, https: port, trust: ca, name } = target;
  const call = request({ host, port, ca, servername: name, path, headers: { host: name }, agent: false });
  // Without a byte.
  call.setTimeout(limitMs, () => call.destroy(new Error(`nothing came for ${limitMs} ms`)));
  call.end();
  const [answer] = (await once(call, "response")) as [IncomingMessage];
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  const { "content-length": length, etag } = answer.headers;
  const tag = `"${hash.digest("hex").slice(0, 24)}"`;
  if (answer.statusCode !== 200) return [`status ${answer.statusCode}`];
  return bytes === Number(length) && etag === tag
    ? []
    : [`${bytes} of ${length} bytes, tag ${tag} for ${etag}`];
}
