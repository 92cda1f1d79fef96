import assert from "node:assert/strict";
import { test } from "node:test";
import { siteDisk } from "../machines/disk.ts";
import { testCloud } from "./cloud.ts";
import { get, importDirect, launch, registerImage } from "./launch.ts";

test("a disk written through EBS direct runs and answers at its public address", async () => {
  await using cloud = await testCloud();
  const disk = await siteDisk({ release: 7 });
  const instance = await launch(cloud, await registerImage(cloud.ec2, await importDirect(cloud, disk)));
  const proof = await get(instance.PublicIpAddress, "/.well-known/mirage-pages");
  assert.deepEqual(JSON.parse(proof.body), { release: 7, archive: disk.archiveDigest });
  const page = await get(instance.PublicIpAddress, "/");
  assert.equal(page.body, "<p>release 7</p>");
  assert.equal(page.headers["content-type"], "text/html; charset=utf-8");
});
