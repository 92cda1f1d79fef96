import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { runNginx, unpackNginx } from "../../tests/kit/nginx.ts";
import { freePort } from "../../tests/unikernel/server.ts";

export interface RunningNginx {
  readonly https: number;
  /** The process that started its worker. */
  readonly master: number;
  stop(): Promise<void>;
}

/** Text in a site, by its name's end. */
const TEXT = /\.(?:html|css|js|mjs|json|svg|xml|txt|md|csv|ico|webmanifest|map)$/;

/**
 * nginx, one worker, with a site as a careful person would serve it: gzip and brotli forms of the highest quality
 * beside each file that they make smaller, caching and safety headers, our order of ciphers. Rejects where it cannot be
 * had.
 */
export async function startNginx(
  site: string,
  directory: string,
  certificate: { readonly chainPem: string; readonly keyPem: string },
): Promise<RunningNginx> {
  const root = join(directory, "root");
  await cp(site, root, { recursive: true, preserveTimestamps: true });
  for (const path of await readdir(root, { recursive: true })) {
    if (!TEXT.test(path)) continue;
    const body = await readFile(join(root, path));
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length };
    for (const [end, form] of [
      ["gz", gzipSync(body, { level: 9 })],
      ["br", brotliCompressSync(body, { params })],
    ] as const) {
      if (form.length < body.length) await writeFile(join(root, `${path}.${end}`), form);
    }
  }
  const nginx = await unpackNginx();
  const https = await freePort();
  const configuration = `
load_module ${nginx.modules}/ngx_http_brotli_static_module.so;
daemon off;
user root;
worker_processes 1;
pid ${directory}/pid;
error_log ${directory}/errors;
worker_rlimit_nofile 20000;
events { worker_connections 16000; }
http {
  include ${nginx.types};
  types { application/manifest+json webmanifest; text/csv csv; }
  charset utf-8;
  charset_types text/plain text/css text/csv application/javascript text/xml application/json application/manifest+json image/svg+xml;
  access_log off;
  server_tokens off;
  sendfile on;
  gzip_static on;
  brotli_static on;
  gzip_vary on;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  ssl_certificate ${directory}/chain.pem;
  ssl_certificate_key ${directory}/key.pem;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_prefer_server_ciphers on;
  ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256;
  server {
    listen 127.0.0.1:${https} ssl;
    root ${root};
    add_header Cache-Control "public, max-age=0, must-revalidate" always;
    add_header Strict-Transport-Security "max-age=63072000" always;
    add_header X-Content-Type-Options nosniff always;
    add_header Referrer-Policy strict-origin-when-cross-origin always;
  }
}
`;
  return { https, ...(await runNginx(nginx, directory, https, { configuration, ...certificate })) };
}
