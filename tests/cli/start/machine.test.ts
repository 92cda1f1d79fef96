import assert from "node:assert/strict";
import { test } from "node:test";
import { requireMirage } from "../../../cli/start/machine.ts";
import { root } from "../../kit/package.ts";

test("a missing MirageOS toolchain is refused with everything that it lacks", (t) => {
  const before = process.env.PATH;
  t.after(() => {
    process.env.PATH = before;
  });
  process.env.PATH = "/usr/bin:/bin";
  assert.throws(
    () => requireMirage(root),
    ({ name, message }: Error) =>
      name === "CannotStart" &&
      /mirage \d+\.\d+ \(opam install mirage/.test(message) &&
      /solo5-spt/.test(message) &&
      /docs\/unikernel\.md/.test(message),
  );
});
