import * as z from "zod";
import { nameProblem } from "./domain-names.mjs";
import { instanceTypeProblem } from "./instance-types.mjs";
import { nearest } from "./nearest.mjs";

/** A certificate of Let's Encrypt holds as many names. */
const MOST_NAMES = 100;
/** All of a function's environment is 4 KiB at most; the names are the only part that grows. */
const MOST_CHARACTERS_OF_NAMES = 3000;

/** A text that a rule finds nothing wrong with; the rule says what is wrong and what to write instead. */
const text = (problem) =>
  z.string().superRefine((value, context) => {
    const message = problem(value);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  });

const oneOf = (...values) =>
  text((value) => {
    if (values.includes(value)) return undefined;
    const meant = nearest(value, values);
    const hint = meant === undefined ? "" : ` Did you mean ${meant}?`;
    return `is "${value}"; it is one of ${values.join(", ")}.${hint}`;
  });

const whole = (least, most, unit) =>
  text((value) => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return undefined;
    return `is "${value}"; write a whole number of ${unit} from ${least} to ${most}.`;
  });

const namesOf = (domain, aliases) => [domain, ...aliases.split(" ")].filter((name) => name !== "");

/** What each parameter of serverless.yml takes. */
const schema = z
  .strictObject({
    domain: text((name) => {
      if (name === "") return undefined;
      if (name.startsWith("*.")) {
        return `is "${name}"; write the name that people are sent to, "${name.slice(2)}", and the wildcard in aliases.`;
      }
      return nameProblem(name);
    }),
    aliases: text((list) => {
      if (/[,;]/.test(list)) return `is "${list}"; write the names with spaces between them.`;
      return list
        .split(" ")
        .filter((name) => name !== "")
        .map(nameProblem)
        .find((problem) => problem !== undefined);
    }),
    email: text((address) => {
      if (address === "" || z.email().safeParse(address).success) return undefined;
      return `is "${address}", which is no e-mail address; write one such as you@example.org, or leave it out.`;
    }),
    hostedZone: text((id) => {
      if (id === "" || /^Z[A-Z0-9]{1,31}$/.test(id)) return undefined;
      const bare = id.replace(/^\/?hostedzone\//, "").toUpperCase();
      const hint = /^Z[A-Z0-9]{1,31}$/.test(bare)
        ? `"${bare}"`
        : "the zone's id, such as Z0123456789ABCDEFGHIJ";
      return `is "${id}", which is no id of a Route 53 hosted zone; write ${hint}.`;
    }),
    acme: text((authority) => {
      const known = ["letsencrypt", "letsencrypt-staging", "none"];
      if (known.includes(authority) || /^https:\/\/[^\s?#]+$/.test(authority)) return undefined;
      const meant = nearest(authority, known);
      const hint = meant === undefined ? "" : ` Did you mean ${meant}?`;
      return `is "${authority}"; write one of ${known.join(", ")}, or the https URL of an ACME directory.${hint}`;
    }),
    acmeRoot: text((root) => {
      if (root === "" || Buffer.from(root, "base64").includes("-----BEGIN CERTIFICATE-----"))
        return undefined;
      return "is no PEM certificate in base64; write what `base64 -w0 root.pem` prints.";
    }),
    profile: text((name) => {
      if (/^[A-Za-z0-9_-]{0,64}$/.test(name)) return undefined;
      return `is "${name}"; write the name of one of the authority's profiles, such as shortlived.`;
    }),
    resolver: text((server) => {
      if (server === "" || /^[0-9.]+(:\d+)?$|^\[[0-9a-f:]+\](:\d+)?$/.test(server)) return undefined;
      return `is "${server}"; write the IP address of a DNS server, with ":port" where it is not 53.`;
    }),
    instanceType: text(instanceTypeProblem),
    importMode: oneOf("direct", "snapshot", "image"),
    settle: whole(1, 600, "seconds"),
    boot: whole(5, 900, "seconds"),
    drain: whole(0, 3600, "seconds"),
    keep: whole(1, 20, "releases"),
    accessLog: oneOf("off", "truncated", "full"),
    allowEmpty: oneOf("true", "false"),
    backend: oneOf("linux", "mirage"),
    build: oneOf("changed", "always"),
    github: text(repositoryProblem),
    githubProvider: text((arn) => {
      const form = /^arn:[a-z-]+:iam::\d{12}:oidc-provider\/token\.actions\.githubusercontent\.com$/;
      if (arn === "" || form.test(arn)) return undefined;
      const example = "arn:aws:iam::ACCOUNT:oidc-provider/token.actions.githubusercontent.com";
      return `is "${arn}"; write its ARN (${example}), or leave it out: the stack makes it.`;
    }),
  })
  .superRefine(({ domain, aliases, hostedZone, github, githubProvider }, context) => {
    const names = namesOf(domain, aliases);
    const wrong = (parameter, message) => context.addIssue({ code: "custom", path: [parameter], message });
    const wildcard = aliases.split(" ").find((name) => name.startsWith("*."));
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (github === "" && githubProvider !== "") {
      wrong("githubProvider", "has no use without a repository; write that in github, or leave it out.");
    }
    if (domain === "" && aliases !== "") wrong("aliases", `needs a domain; write "${names[0]}" there.`);
    if (domain === "" && hostedZone !== "") {
      wrong("hostedZone", "has no use without a domain; write the site's name there, or leave the zone out.");
    }
    if (twice !== undefined) wrong("aliases", `names "${twice}" twice; write domain and every alias once.`);
    if (wildcard !== undefined && hostedZone === "") {
      const reason = "which is certified through Route 53 alone";
      wrong("aliases", `names "${wildcard}", ${reason}; give hostedZone, or write out each name.`);
    }
    if (names.length > MOST_NAMES) {
      wrong("aliases", `and domain are ${names.length} names; a certificate holds ${MOST_NAMES}.`);
    }
    if (names.join(" ").length > MOST_CHARACTERS_OF_NAMES) {
      wrong(
        "aliases",
        `and domain are longer than ${MOST_CHARACTERS_OF_NAMES} characters together; leave some out.`,
      );
    }
    const stranger = names.find((name) => !shareAZone(domain, name));
    if (hostedZone !== "" && stranger !== undefined) {
      wrong(
        "aliases",
        `names "${stranger}", which no zone of "${domain}" can hold; leave it or hostedZone out.`,
      );
    }
  });

/**
 * What is wrong with a repository of GitHub, as the subject of its tokens names it: "owner/repo" (since June 2026
 * each with a number behind it), then one branch or environment, or nothing. No wildcards: they would let others in.
 */
function repositoryProblem(repository) {
  if (repository === "") return undefined;
  const wrong = `is "${repository}"; write`;
  const url = /^(?:https?:\/\/|git@)github\.com[/:]([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(repository);
  if (url !== null) return `${wrong} the repository alone: "${url[1]}".`;
  if (/[*?]/.test(repository)) return `${wrong} it without wildcards, which would let other repositories in.`;
  if (/:pull_request$/.test(repository))
    return `${wrong} a branch or an environment: pull requests may not deploy.`;
  if (/^[\w.@-]+\/[\w.@-]+(:ref:refs\/heads\/[\w./-]+|:environment:[\w.-]+)?$/.test(repository))
    return undefined;
  return `${wrong} "owner/repo", with ":ref:refs/heads/main" or ":environment:production" behind it for one of these alone.`;
}

/** Whether one hosted zone can hold both names: they end in the same two labels at least. */
function shareAZone(one, other) {
  const end = (name) => name.split(".").slice(-2).join(".");
  return end(one) === end(other);
}

/** The names of all parameters. */
export const parameterNames = Object.keys(schema.shape);

/**
 * What is wrong with the values of the parameters, one sentence for each, that names the parameter and says
 * what to write. Values may be texts, numbers or booleans, as YAML reads them. Pure, and works offline.
 */
export function parameterProblems(values) {
  const texts = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
  const { error } = schema.safeParse(texts);
  return (error?.issues ?? []).flatMap((issue) =>
    issue.code === "unrecognized_keys" ? issue.keys.map(unknown) : `${issue.path[0]} ${issue.message}`,
  );
}

function unknown(name) {
  const meant = nearest(name, parameterNames);
  const hint = meant === undefined ? `There are ${parameterNames.join(", ")}.` : `Did you mean ${meant}?`;
  return `${name} is no parameter of this stack. ${hint}`;
}

/** What is wrong with the stage and the region, as parameterProblems says it. */
export function placeProblems({ stage, region }) {
  const problems = [];
  // With the stage roles and buckets stay within AWS's 64 and 63 characters.
  if (!/^[a-z][a-z0-9-]{0,11}$/.test(stage)) {
    const form = "1 to 12 lower-case letters, digits and hyphens that begin with a letter";
    problems.push(`stage is "${stage}"; write ${form}.`);
  }
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)) {
    problems.push(`region is "${region}"; write a region's code such as eu-central-1.`);
  }
  return problems;
}
