const { reasons } = require("./roles/unseen.cjs");
const makeStatements = require("./roles/statements.cjs");
const makeRole = require("./roles/role.cjs");
const deploy = require("./roles/deploy.cjs");
const retire = require("./roles/retire.cjs");
const certificate = require("./roles/certificate.cjs");
const events = require("./roles/events.cjs");
const services = require("./roles/services.cjs");
const github = require("./roles/github.cjs");

/**
 * One role for each function, named as it is, with least privilege, and one for each service that acts in the
 * stack's name, and one for a repository on GitHub, where one is given. roles/ says what each may do, a file for each state machine.
 */
module.exports = async ({ resolveVariable }) => {
  const stack = await resolveVariable("self:custom.stack");
  const statements = makeStatements(stack);
  const role = makeRole(statements, stack);
  const accessLog = (await resolveVariable("param:accessLog")) !== "off";
  const instanceType = await resolveVariable("param:instanceType");
  const machines = {
    deploy: deploy(statements, { stack, instanceType, accessLog }),
    retire: retire(statements, { accessLog }),
    certificate: certificate(statements, { hostedZone: await resolveVariable("param:hostedZone") }),
  };
  const { allow, inAccount } = statements;
  const logs = (name) =>
    allow(
      ["logs:CreateLogStream", "logs:PutLogEvents"],
      inAccount("logs", `log-group:/aws/lambda/${stack}-${name}:*`),
    );
  const functions = Object.entries(Object.assign({}, ...Object.values(machines), events(statements)));
  const Resources = Object.fromEntries(
    functions.map(([name, permissions]) => [
      `${pascal(name)}Role`,
      role("lambda.amazonaws.com", name, [logs(name), ...permissions]),
    ]),
  );
  const called = Object.fromEntries(
    Object.entries(machines).map(([machine, permissions]) => [machine, Object.keys(permissions)]),
  );
  const visitor = github(statements, {
    stack,
    github: await resolveVariable("param:github"),
    provider: await resolveVariable("param:githubProvider"),
  });
  const all = { ...Resources, ...services(statements, { stack, role, called }), ...visitor };
  return { Resources: all };
};
module.exports.reasons = reasons;

const pascal = (name) => name.replace(/(^|-)([a-z])/g, (_, __, letter) => letter.toUpperCase());
