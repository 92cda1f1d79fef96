import assert from "node:assert/strict";
import { test } from "node:test";
import { reflowed } from "../../../cli/output/text.ts";

test("help is broken anew for a narrow terminal; headings, commands and what is no terminal's stay", () => {
  const help = `Usage: mirage-pages deploy [options]

Uploads a site and follows the deployment until
it is live.

  --json      print the outcome as JSON, for programs

Examples:
  mirage-pages deploy _site --region eu-central-1
  mirage-pages deploy
`;
  assert.equal(
    reflowed(help, 40),
    `Usage: mirage-pages deploy [options]

Uploads a site and follows the
deployment until it is live.

  --json      print the outcome as
    JSON, for programs

Examples:
  mirage-pages deploy _site --region eu-central-1
  mirage-pages deploy
`,
  );
  assert.equal(reflowed(help, undefined), help);
});
