import { mkdir, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { type Nginx, runNginx, unpackNginx } from "../kit/nginx.ts";
import { freePort } from "../unikernel/server.ts";
import { files, modified } from "./site.ts";

export interface RunningNginx {
  readonly http: number;
  readonly https: number;
  stop(): Promise<void>;
}

/**
 * nginx with the site of the cases, as a careful person would set it up for that site: clean URLs, one canonical
 * host, compressed forms beside the files, caching and safety headers, the site's rules in its own language.
 */
export async function startNginx(directory: string, chainPem: string, keyPem: string): Promise<RunningNginx> {
  const root = join(directory, "root");
  for (const [key, content] of Object.entries(files)) {
    const path = join(root, key);
    await mkdir(dirname(path), { recursive: true });
    const bytes = Buffer.from(content);
    const forms: [string, Buffer][] = [[path, bytes]];
    if (/\.(?:html|css|js|svg|json)$/.test(key) && bytes.length > 256) {
      forms.push([`${path}.gz`, gzipSync(bytes)], [`${path}.br`, brotliCompressSync(bytes)]);
    }
    for (const [name, form] of forms) {
      await writeFile(name, form);
      await utimes(name, modified, modified);
    }
  }
  const ports = { http: await freePort(), https: await freePort() };
  const nginx = await unpackNginx();
  const setup = { configuration: configuration(nginx, directory, ports), chainPem, keyPem };
  return { ...ports, ...(await runNginx(nginx, directory, ports.https, setup)) };
}

const safety = `
      add_header Strict-Transport-Security "max-age=63072000" always;
      add_header X-Content-Type-Options nosniff always;
      add_header Referrer-Policy strict-origin-when-cross-origin always;`;

function configuration(
  nginx: Nginx,
  directory: string,
  { http, https }: { http: number; https: number },
): string {
  const server = (name: string, body: string) => `
  server {
    listen 127.0.0.1:${https} ssl ${name === "_" ? "default_server" : ""};
    server_name ${name};
    ${body}
  }`;
  return `
load_module ${nginx.modules}/ngx_http_brotli_static_module.so;
daemon off;
user root;
worker_processes 1;
pid ${directory}/pid;
error_log ${directory}/errors;
events {}
http {
  include ${nginx.types};
  types {
    text/javascript js mjs;
    application/manifest+json webmanifest;
    application/geo+json geojson;
    image/avif avif;
    text/markdown md;
    text/vtt vtt;
    text/calendar ics;
    application/gzip gz;
  }
  default_type application/octet-stream;
  charset utf-8;
  charset_types text/plain text/css text/javascript text/xml text/markdown text/vtt text/calendar image/svg+xml
    application/json application/geo+json application/manifest+json application/atom+xml application/rss+xml;
  access_log off;
  server_tokens off;
  sendfile on;
  gzip_static on;
  brotli_static on;
  gzip_vary on;
  absolute_redirect off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  ssl_certificate ${directory}/chain.pem;
  ssl_certificate_key ${directory}/key.pem;
  ssl_protocols TLSv1.2 TLSv1.3;
  map $http_accept_language $language { default en; ~^de de; }

  server {
    listen 127.0.0.1:${http} default_server;
    location / { return 301 https://$host$request_uri; }
  }
  server {
    listen 127.0.0.1:${http};
    server_name example.org www.example.org;
    location / { return 301 https://example.org$request_uri; }
  }
  ${server("_", "return 421;")}
  ${server("www.example.org", `${safety}\n    return 301 https://example.org$request_uri;`)}
  ${server(
    "example.org",
    `
    root ${directory}/root;
    error_page 404 /404.html;
    add_header Cache-Control "public, max-age=0, must-revalidate" always;${safety}
    if ($request_method !~ ^(GET|HEAD)$) { return 405; }
    if ($request_uri ~ ^/index(?:\\.html)?(?:\\?|$)) { return 301 /$is_args$args; }
    if ($request_uri ~ ^(/[^?]+)/index(?:\\.html)?(?:\\?|$)) { return 301 $1/$is_args$args; }
    if ($request_uri ~ ^(/[^?]+)\\.html(?:\\?|$)) { return 301 $1$is_args$args; }
    location = /404.html { internal; }
    location = /docs/404.html { internal; }
    location / { try_files $uri $uri.html $uri/ =404; }
    location /docs/ {
      error_page 404 /docs/404.html;
      add_header X-Docs yes always;
      add_header Cache-Control "public, max-age=60" always;${safety}
      try_files $uri $uri.html $uri/ =404;
    }
    location = /app.0123abcd.js {
      add_header Cache-Control "public, max-age=31536000, immutable" always;${safety}
    }
    location = /kept.txt { add_header Cache-Control "public, max-age=3600" always;${safety} }
    location = /data.json {
      types {}
      default_type application/vnd.own+json;
      add_header Access-Control-Allow-Origin * always;${safety}
    }
    location ~ ^/home/?$ { return 301 /$is_args$args; }
    location ~ ^/old-blog(?:/(.*))?$ { return 302 /blog/$1$is_args$args; }
    location = /temporary { return 307 /about; }
    location = /permanent { return 308 /about; }
    location = /elsewhere { return 301 https://other.example/x?y=1#z; }
    location = /with-query { return 301 /about?from=here; }
    location = /with-fragment { return 302 /about#part; }
    location ~ ^/news/([^/]+)/([^/]+)/?$ { return 301 /blog/$2?year=$1; }
    location /spa { try_files /app/index.html =404; }
    location /closed/ { error_page 410 /404.html; return 410; }
    location ~ ^/static/(.*)$ { return 302 /forced/$1; }
    location = /shop { if ($arg_id = "") { return 404; } return 302 /item/$arg_id$is_args$args; }
    location = /lang { add_header Vary Accept-Language; return 302 /$language/; }
    location = /beta { add_header Vary Cookie always; if ($cookie_beta = "") { return 404; } try_files /about.html =404; }
    `,
  )}
}
`;
}
