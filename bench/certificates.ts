import { setTimeout as pause } from "node:timers/promises";
import { CertifiedStack, trusted } from "../tests/kit/certified.ts";
import { serious, type TlsFinding, testssl } from "../tests/kit/testssl.ts";

const LIMIT_MS = 300_000;
const NAME = "site.test";
/** Of what Pebble issues, whoever serves it: its certificates live five years, and name no list of revoked ones. */
const AUTHORITYS = ["cert_revocation", "cert_validityPeriod"];

export interface NewCertificate {
  /** From the moment the certificate was stored until a visitor was shown it. */
  readonly seconds: number;
  /** What testssl.sh finds worse than "LOW" in the machine that serves it. */
  readonly findings: readonly TlsFinding[];
}

/** Pebble certifies a site that is live, on machines in QEMU: how soon visitors see it, and how good its TLS is. */
export async function newCertificate(): Promise<NewCertificate> {
  const certified = await CertifiedStack.start(NAME, {
    machineKind: "qemu",
    sources: "real",
    // A machine of the tests has 20 seconds; a busy computer must not end the measurement.
    parameters: { boot: "120" },
  });
  try {
    const { stack, pebble } = certified;
    const deployedBy = async (act: () => Promise<unknown>) => {
      const [ended] = await stack.settleAfter(act, LIMIT_MS);
      if (ended?.outcome !== "live") throw new Error(`The deployment failed: ${ended?.message}`);
    };
    await deployedBy(() => stack.put(stack.content, "index.html", "<h1>one</h1>"));
    const root = await pebble.root();
    await pebble.point(NAME, stack.address);
    const isShown = () =>
      trusted(stack.address, NAME, root).then(
        () => true,
        () => false,
      );
    const [, storedAt, shownAt] = await Promise.all([
      deployedBy(() => certified.run()),
      when(async () => !(await certified.current()).selfSigned),
      when(isShown),
    ]);
    const seconds = (shownAt - storedAt) / 1000;
    const findings = await testssl({ address: stack.address, port: 443, name: NAME, root });
    return { seconds, findings: serious(findings).filter(({ id }) => !AUTHORITYS.includes(id)) };
  } finally {
    await certified.stop();
  }
}

/** When this first held; epoch milliseconds. */
async function when(holds: () => Promise<boolean>): Promise<number> {
  for (const begun = Date.now(); Date.now() - begun < LIMIT_MS; await pause(50)) {
    if (await holds()) return Date.now();
  }
  throw new Error(`It did not come to that within ${LIMIT_MS / 1000} s.`);
}
