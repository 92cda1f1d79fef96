import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, test } from "node:test";
import { parse } from "yaml";
import { parameterNames, parameterProblems, placeProblems } from "../../stack/parameters.mjs";
import { root } from "../kit/package.ts";
import { scratch } from "../lib/scratch.ts";
import { readPackaged } from "./packaged.ts";

const good = {
  domain: "example.org",
  aliases: "www.example.org",
  email: "",
  hostedZone: "",
  acme: "letsencrypt",
  acmeRoot: "",
  profile: "",
  resolver: "",
  instanceType: "t3.nano",
  importMode: "direct",
  settle: 5,
  boot: 180,
  drain: 60,
  keep: 3,
  accessLog: "off",
  allowEmpty: "false",
  backend: "linux",
  build: "changed",
  github: "owner/repo",
  githubProvider: "",
};

const many = (count: number, name: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => name(i)).join(" ");

/** A parameter, a value that it refuses, and what the refusal tells to write. */
const refused: readonly (readonly [keyof typeof good, string | number, RegExp])[] = [
  ["domain", "https://example.org/", /write the name alone: "example\.org"/],
  ["domain", "example.org/blog", /write the name alone: "example\.org"/],
  ["domain", "example.org:8080", /write the name alone: "example\.org"/],
  ["domain", "Example.org", /lower case: "example\.org"/],
  ["domain", "bücher.example", /ASCII form: "xn--bcher-kva\.example"/],
  ["domain", "example.org.", /without the dot at its end: "example\.org"/],
  ["domain", "example.org www.example.org", /further ones in aliases/],
  ["domain", "192.0.2.1", /an address; write a name/],
  ["domain", "2001:db8::1", /an address; write a name/],
  ["domain", "localhost", /the full name, such as "localhost\.example\.org"/],
  ["domain", "-a.example.org", /"-a" in it cannot stand/],
  ["domain", "my_site.example.org", /"my_site" in it cannot stand/],
  ["domain", "a..example.org", /"" in it cannot stand/],
  ["domain", "example.123", /no top-level domain "123"/],
  ["domain", `${"a".repeat(64)}.example.org`, /1 to 63 letters/],
  ["domain", `${many(5, () => "a".repeat(60)).replaceAll(" ", ".")}.example`, /DNS takes 253/],
  ["domain", "*.example.org", /the wildcard in aliases/],
  ["aliases", "www.example.org,example.net", /with spaces between/],
  ["aliases", "www.example.org HTTP://b.example", /write the name alone: "b\.example"/],
  ["aliases", "*.example.org", /give hostedZone, or write out each name/],
  ["aliases", "www.*.example.org", /"\*" stands alone in front/],
  ["aliases", "example.org", /names "example\.org" twice/],
  ["aliases", "www.example.org www.example.org", /names "www\.example\.org" twice/],
  ["aliases", many(100, (i) => `a${i}.example.org`), /101 names; a certificate holds 100/],
  ["aliases", many(90, (i) => `${"a".repeat(40)}${i}.example.org`), /3000 characters/],
  ["email", "you", /write one such as you@example\.org/],
  ["email", "a@b@example.org", /write one such as/],
  ["hostedZone", "/hostedzone/Z0123456789ABCDEFGHIJ", /write "Z0123456789ABCDEFGHIJ"/],
  ["hostedZone", "example.org", /the zone's id, such as Z/],
  ["acme", "letsencript", /Did you mean letsencrypt\?/],
  ["acme", "http://ca.example/dir", /or the https URL of an ACME directory/],
  ["acmeRoot", "root.pem", /write what `base64 -w0 root\.pem` prints/],
  ["profile", "short lived", /one of the authority's profiles/],
  ["github", "https://github.com/owner/repo.git", /the repository alone: "owner\/repo"/],
  ["github", "owner/*", /without wildcards/],
  ["github", "owner/repo:*", /without wildcards/],
  ["github", "owner/repo:pull_request", /pull requests may not deploy/],
  ["github", "owner", /write "owner\/repo", with ":ref:refs\/heads\/main"/],
  ["github", "owner/repo:main", /write "owner\/repo", with/],
  ["githubProvider", "token.actions.githubusercontent.com", /its ARN \(arn:aws:iam::ACCOUNT:oidc-provider/],
  ["resolver", "dns.example.org", /the IP address of a DNS server/],
  ["instanceType", "nano", /an instance type such as t3\.nano/],
  ["instanceType", "t3", /an instance type such as/],
  ["instanceType", "T3.nano", /an instance type such as/],
  ["instanceType", "t2.micro", /not of the Nitro system/],
  ["instanceType", "m4.large", /not of the Nitro system/],
  ["instanceType", "t4g.nano", /ARM/],
  ["instanceType", "m7gd.medium", /ARM/],
  ["instanceType", "im4gn.large", /ARM/],
  ["instanceType", "is4gen.medium", /ARM/],
  ["instanceType", "a1.medium", /ARM/],
  ["instanceType", "p6e-gb200.36xlarge", /ARM/],
  ["instanceType", "m5.metal", /UEFI/],
  ["instanceType", "c6i.metal-48xl", /UEFI|instance type/],
  ["instanceType", "g4ad.xlarge", /UEFI/],
  ["instanceType", "u-6tb1.112xlarge", /UEFI/],
  ["instanceType", "mac2.metal", /a Mac/],
  ["importMode", "snapshots", /Did you mean snapshot\?/],
  ["settle", 0, /seconds from 1 to 600/],
  ["settle", "5s", /seconds from 1 to 600/],
  ["boot", "", /seconds from 5 to 900/],
  ["drain", -1, /seconds from 0 to 3600/],
  ["drain", "1e3", /seconds from 0 to 3600/],
  ["keep", 0, /releases from 1 to 20/],
  ["keep", 2.5, /releases from 1 to 20/],
  ["accessLog", "on", /one of off, truncated, full/],
  ["allowEmpty", "yes", /one of true, false/],
  ["backend", "Linux", /Did you mean linux\?/],
  ["build", "alway", /Did you mean always\?/],
];

describe("the parameters of the stack", () => {
  for (const [name, value, told] of refused) {
    it(`refuse ${name}=${String(value).slice(0, 40)}`, () => {
      const problems = parameterProblems({ ...good, [name]: value });
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.ok(problems[0]?.startsWith(`${name} `), problems[0]);
      assert.match(problems[0] ?? "", told);
    });
  }

  it("refuse a name that is none, with the nearest one", () => {
    assert.deepEqual(parameterProblems({ ...good, intanceType: "t3.nano" }), [
      "intanceType is no parameter of this stack. Did you mean instanceType?",
    ]);
    assert.match(parameterProblems({ ...good, colour: "red" })[0] ?? "", /There are domain, aliases, email/);
  });

  it("refuse a provider that nobody uses", () => {
    const githubProvider = "arn:aws:iam::000000000000:oidc-provider/token.actions.githubusercontent.com";
    assert.deepEqual(parameterProblems({ ...good, githubProvider }), []);
    assert.match(
      parameterProblems({ ...good, github: "", githubProvider })[0] ?? "",
      /^githubProvider has no use/,
    );
  });

  it("tell everything that is wrong at once", () => {
    assert.equal(parameterProblems({ ...good, keep: 0, email: "you", importMode: "dd" }).length, 3);
  });

  it("refuse aliases, a zone or a wildcard that the others do not go with", () => {
    const alone = parameterProblems({ ...good, domain: "", hostedZone: "Z1" });
    assert.match(alone.join("\n"), /aliases needs a domain; write "www\.example\.org" there/);
    assert.match(alone.join("\n"), /hostedZone has no use without a domain/);
    const stranger = parameterProblems({ ...good, aliases: "example.net", hostedZone: "Z1" });
    assert.match(
      stranger.join("\n"),
      /aliases names "example\.net", which no zone of "example\.org" can hold/,
    );
  });

  it("take what is right", () => {
    const types = [
      "t3.nano",
      "t3a.micro",
      "m7i-flex.large",
      "c8a.large",
      "g4dn.xlarge",
      "u7i-12tb.224xlarge",
    ];
    for (const instanceType of types) assert.deepEqual(parameterProblems({ ...good, instanceType }), []);
    const zone = { hostedZone: "Z0123456789ABCDEFGHIJ", aliases: "*.example.org a.b.example.org" };
    assert.deepEqual(parameterProblems({ ...good, ...zone, email: "you@example.org" }), []);
    assert.deepEqual(parameterProblems({ ...good, domain: "xn--bcher-kva.example", aliases: "" }), []);
    assert.deepEqual(parameterProblems({ ...good, domain: "", aliases: "" }), []);
    const acmeRoot = Buffer.from("-----BEGIN CERTIFICATE-----\n").toString("base64");
    const own = {
      acme: "https://ca.example/dir",
      acmeRoot,
      profile: "shortlived",
      resolver: "192.0.2.53:5353",
    };
    assert.deepEqual(parameterProblems({ ...good, ...own }), []);
    for (const acme of ["none", "letsencrypt-staging"])
      assert.deepEqual(parameterProblems({ ...good, acme }), []);
  });

  it("are those of serverless.yml, whose own values are right", async () => {
    const { params } = parse(await readFile(join(root, "serverless.yml"), "utf8"), { logLevel: "silent" });
    assert.deepEqual(Object.keys(params.default).sort(), [...parameterNames].sort());
    assert.deepEqual(parameterProblems(params.default), []);
  });
});

test("a stage or a region of the wrong form is refused, and the longest stage gives no name too long", async () => {
  const place = { stage: "prod", region: "eu-central-1" };
  assert.deepEqual(placeProblems(place), []);
  for (const stage of ["", "Prod", "1st", "a_b", "thirteen-long"])
    assert.match(placeProblems({ ...place, stage }).join(), /^stage is /, stage);
  for (const region of ["frankfurt", "eu-central", "eu_central_1"])
    assert.match(placeProblems({ ...place, region }).join(), /^region is /, region);

  const { resources } = await readPackaged();
  const longer = (text: unknown) =>
    JSON.stringify(text).replaceAll("mirage-pages-prod", "mirage-pages-twelve-chars").slice(1, -1);
  for (const { Type, Properties = {} } of resources.values()) {
    const { RoleName, FunctionName, BucketName } = Properties as Record<string, unknown>;
    if (Type === "AWS::IAM::Role") {
      const { "Fn::Sub": pattern } = RoleName as { "Fn::Sub": string };
      const name = longer(pattern).replace(`\${AWS::Region}`, "ap-northeast-1");
      assert.ok(name.length <= 64, name);
    }
    if (Type === "AWS::Lambda::Function") assert.ok(longer(FunctionName).length <= 64);
    if (Type === "AWS::S3::Bucket" && BucketName !== undefined) {
      const { "Fn::Sub": pattern } = BucketName as { "Fn::Sub": string };
      assert.ok(longer(pattern).replace(`\${AWS::AccountId}`, "0".repeat(12)).length <= 63);
    }
  }
});

test("serverless package refuses wrong parameters by name and packages nothing", async (t) => {
  const target = await scratch(t);
  const wrong = ["instanceType=t2.micro", "importMode=fast", "intanceType=t3.nano"];
  const args = ["package", "--package", target, "--stage", "Prod", ...wrong.map((one) => `--param=${one}`)];
  const { status, stdout, stderr } = spawnSync(join(root, "node_modules/.bin/serverless"), args, {
    cwd: root,
    encoding: "utf8",
  });
  assert.notEqual(status, 0);
  for (const told of [
    'instanceType is "t2.micro", which is not of the Nitro system',
    'importMode is "fast"; it is one of direct, snapshot, image.',
    "intanceType is no parameter of this stack. Did you mean instanceType?",
    'stage is "Prod"; write 1 to 12 lower-case letters',
  ]) {
    assert.ok((stdout + stderr).includes(told), stdout + stderr);
  }
  assert.deepEqual(await readdir(target), []);
});
