import assert from "node:assert/strict";
import { test } from "node:test";
import { serverName } from "../../../lib/probe/server-name.ts";

test("an address is never sent as a server name, which ocaml-tls would refuse; a host name is", () => {
  for (const address of ["192.0.2.1", "127.0.0.1", "::1", "2001:db8::1"])
    assert.deepEqual(serverName(address), { servername: "" });
  for (const host of ["example.org", "localhost", "1.example"])
    assert.deepEqual(serverName(host), { servername: host });
});
