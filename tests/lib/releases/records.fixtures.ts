import type { Archive, Boot, Certificate, Live, Release } from "../../../lib/releases/records.ts";

/** A digest that is easy to tell from others: one hex digit, 64 times. */
export const digest = (digit: string) => digit.repeat(64);

export const archive = (digit = "a"): Archive => ({
  digest: digest(digit),
  bytes: 4096,
  files: 1,
  siteBytes: 5,
});

export const boot = (digit = "b"): Boot => ({ build: digest(digit), digest: digest("d"), bytes: 1_048_576 });

export const certificate: Certificate = {
  serial: "01",
  fingerprint: digest("c"),
  notBefore: "2026-01-01T00:00:00.000Z",
  notAfter: "2036-01-01T00:00:00.000Z",
  names: ["site.example"],
  selfSigned: true,
};

export function release(number: number, change: Partial<Release> = {}): Release {
  return {
    number,
    reason: "content",
    execution: `execution-${number}`,
    startedAt: "2026-01-01T00:00:00.000Z",
    status: "live",
    ...change,
  };
}

export function live(change: Partial<Live> = {}): Live {
  return {
    release: 1,
    since: "2026-01-01T00:01:00.000Z",
    listing: digest("e"),
    archive: archive(),
    boot: boot(),
    certificate,
    image: { imageId: "ami-1", snapshotId: "snap-1" },
    instanceId: "i-1",
    ...change,
  };
}
