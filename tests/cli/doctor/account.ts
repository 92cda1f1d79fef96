import { examine } from "../../../cli/doctor/examine.ts";
import type { Told } from "../../../cli/doctor/finding.ts";
import { aim } from "../../../cli/target.ts";
import type { Call } from "../../../local/front-door/front-door.ts";
import { NameServer } from "../../kit/dns.ts";
import { TestStack } from "../../kit/stack.ts";

type Refuse = (call: Call) => void;

/** An account with the packaged stack deployed as stage prod, nothing as any other stage, and DNS of its own. */
export class Account {
  readonly stack: TestStack;
  readonly dns: NameServer;
  /** "ec2 DescribeVpcs" and such, of everything that was asked since the last examination began. */
  readonly calls: string[];
  readonly #hook: { refuse: Refuse };

  private constructor(stack: TestStack, dns: NameServer, calls: string[], hook: { refuse: Refuse }) {
    this.stack = stack;
    this.dns = dns;
    this.calls = calls;
    this.#hook = hook;
  }

  static async start(): Promise<Account> {
    const calls: string[] = [];
    const hook: { refuse: Refuse } = { refuse: () => {} };
    const onCall = (call: Call) => {
      // The stack's functions ask too, whenever they run.
      if (call.caller.arn.includes(":user/")) calls.push(`${call.service} ${call.action}`);
      hook.refuse(call);
    };
    const [stack, dns] = await Promise.all([TestStack.start({ onCall }), NameServer.start()]);
    Object.assign(process.env, stack.cloud.environment);
    return new Account(stack, dns, calls, hook);
  }

  async stop(): Promise<void> {
    await Promise.all([this.stack.stop(), this.dns.stop()]);
  }

  /** What doctor tells of a stage with these parameters, while some calls are refused. */
  async examine(
    stage: string,
    given: Readonly<Record<string, string>> = {},
    refuse: Refuse = () => {},
    region = "us-east-1",
  ): Promise<Told[]> {
    this.calls.length = 0;
    this.#hook.refuse = refuse;
    try {
      const target = aim({ stage, region });
      return await examine(target, { given, resolver: this.dns.address, verbose: false });
    } finally {
      this.#hook.refuse = () => {};
    }
  }
}

/** Problems and warnings as text, a line each: "check: what is wrong → what to do". */
export function complaints(findings: readonly Told[], status: "problem" | "warning" = "problem"): string {
  const wanted = findings.filter((one) => one.status === status);
  return wanted
    .map(({ check, text, todo }) => `${check}: ${text}${todo === undefined ? "" : ` → ${todo}`}`)
    .join("\n");
}
