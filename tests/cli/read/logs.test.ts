import assert from "node:assert/strict";
import { test } from "node:test";
import { consoleLines } from "../../../cli/read/logs.ts";

test("a console's lines count from the launch by the kernel's seconds; others stand with the line before", () => {
  const text =
    "BdsDxe: starting\r\n[    0.500000] Linux\r\n\r\ninit: here\r\n[    2.250000] ena\r\n[    1.0] late\r\n";
  assert.deepEqual(consoleLines(text, 1_000), [
    { at: 1_000, text: "BdsDxe: starting" },
    { at: 1_500, text: "[    0.500000] Linux" },
    { at: 1_500, text: "init: here" },
    { at: 3_250, text: "[    2.250000] ena" },
    { at: 3_250, text: "[    1.0] late" },
  ]);
});
