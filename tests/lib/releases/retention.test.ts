import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  archiveKey,
  bootKey,
  bootRecordKey,
  chainKey,
  listingKey,
  privateKeyKey,
} from "../../../lib/releases/object-keys.ts";
import type { Release } from "../../../lib/releases/records.ts";
import { type Inventory, keptReleases, planRetirement } from "../../../lib/releases/retention.ts";
import { archive, boot, certificate, digest, live, release } from "./records.fixtures.ts";

const nothing = { stopped: [], terminated: [], images: [], snapshots: [], objects: [], abandoned: [] };
const kept = (releases: Release[], keep: number, number: number) =>
  [...keptReleases({ live: live({ release: number }), releases, keep })].sort((a, b) => a - b);

test("keeps the live release and the last ones that were live", () => {
  const releases = [1, 2, 3, 4, 5].map((number) => release(number));
  assert.deepEqual(kept(releases, 2, 5), [3, 4, 5]);
  assert.deepEqual(kept(releases, 9, 5), [1, 2, 3, 4, 5]);
});

test("what was never live is not kept and takes nobody's place", () => {
  const releases = [
    release(1),
    release(2, { status: "failed" }),
    release(3, { status: "unchanged" }),
    release(4, { status: "preparing" }),
    release(5),
  ];
  assert.deepEqual(kept(releases, 1, 5), [1, 5]);
});

test("a release that only renewed the certificate takes nobody's place", () => {
  const releases = [release(1), release(2, { reason: "certificate" }), release(3), release(4)];
  assert.deepEqual(kept(releases, 2, 4), [1, 2, 3, 4]);
  assert.deepEqual(kept(releases, 1, 4), [3, 4]);
});

test("of releases that serve the same only the last is kept, and it counts once", () => {
  const same = { archive: archive("1"), boot: boot("1") };
  const releases = [
    release(1),
    release(2, same),
    release(3, { ...same, reason: "replace" }),
    release(4, { archive: archive("4"), boot: boot("1") }),
  ];
  assert.deepEqual(kept(releases, 2, 4), [1, 3, 4]);
});

test("a release that a rollback made live again is kept for that time, not for its number", () => {
  const restored = release(4, { reason: "rollback", status: "restored", to: 1 });
  const releases = [release(1), release(2), release(3), restored, release(5)];
  assert.deepEqual(kept(releases, 1, 5), [1, 5]);
  assert.deepEqual(kept(releases, 2, 5), [1, 3, 5]);
});

function inventory(change: Partial<Inventory> = {}): Inventory {
  const parts = (digit: string) => ({ listing: digest(digit), archive: archive(digit), boot: boot(digit) });
  const releases = ["1", "2", "3"].map((digit) => release(Number(digit), parts(digit)));
  return {
    live: live({ release: 3, instanceId: "i-3", ...parts("3") }),
    releases,
    machines: [1, 2, 3].map((number) => ({ instanceId: `i-${number}`, state: "running", release: number })),
    images: [1, 2, 3].map((number) => ({ imageId: `ami-${number}`, release: number })),
    snapshots: [1, 2, 3].map((number) => ({ snapshotId: `snap-${number}`, release: number })),
    objects: ["1", "2", "3"].flatMap((digit) => [
      archiveKey(digest(digit)),
      listingKey(digest(digit)),
      bootKey(digest(digit)),
      bootRecordKey(digest(digit)),
      `boot/${digest(digit)}/sbom.json`,
    ]),
    certificate: undefined,
    addressHolder: "i-3",
    keep: 1,
    ...change,
  };
}

test("the kept release's machine stops; of what is not kept, nothing stays", () => {
  const { objects, ...rest } = planRetirement(inventory());
  assert.deepEqual(rest, {
    stopped: ["i-2"],
    terminated: ["i-1"],
    images: ["ami-1"],
    snapshots: ["snap-1"],
    abandoned: [],
  });
  assert.deepEqual(objects, inventory().objects.slice(0, 5));
});

test("a kept release keeps one machine: one that was given up goes, though it is of the same release", () => {
  const releases = [...inventory().releases.slice(0, 1), release(2, { instanceId: "i-2" }), release(3)];
  const machines = [...inventory().machines, { instanceId: "i-2-given-up", state: "running", release: 2 }];
  const { stopped, terminated } = planRetirement(inventory({ releases, machines }));
  assert.deepEqual({ stopped, terminated }, { stopped: ["i-2"], terminated: ["i-1", "i-2-given-up"] });
});

test("run again on what is left, nothing happens", () => {
  const left = inventory({
    machines: [
      { instanceId: "i-2", state: "stopped", release: 2 },
      { instanceId: "i-3", state: "running", release: 3 },
    ],
    images: inventory().images.slice(1),
    snapshots: inventory().snapshots.slice(1),
    objects: inventory().objects.slice(5),
  });
  assert.deepEqual(planRetirement(left), nothing);
});

test("after a rollback the newer release's machine stops and is kept", () => {
  const restored = release(4, { reason: "rollback", status: "restored", to: 2 });
  const { stopped, terminated } = planRetirement({
    ...inventory(),
    live: live({ release: 2, instanceId: "i-2" }),
    releases: [...inventory().releases, restored],
    addressHolder: "i-2",
  });
  assert.deepEqual({ stopped, terminated }, { stopped: ["i-3"], terminated: ["i-1"] });
});

test("a deployment that was cut off before a rollback leaves nothing behind", () => {
  const releases = [
    ...inventory().releases,
    release(4, { status: "preparing" }),
    release(5, { reason: "rollback", status: "restored", to: 2 }),
  ];
  const { terminated } = planRetirement({
    ...inventory(),
    live: live({ release: 2, instanceId: "i-2" }),
    releases,
    machines: [{ instanceId: "i-4", state: "running", release: 4 }],
    addressHolder: "i-2",
  });
  assert.deepEqual(terminated, ["i-4"]);
});

test("the machine with the address is never touched, whosever it is", () => {
  const { stopped, terminated } = planRetirement(inventory({ addressHolder: "i-1" }));
  assert.deepEqual({ stopped, terminated }, { stopped: ["i-2"], terminated: [] });
});

const prepared: Partial<Inventory> = {
  releases: [...inventory().releases, release(4, { status: "preparing", archive: archive("4") })],
  machines: [{ instanceId: "i-4", state: "running", release: 4 }],
  images: [{ imageId: "ami-4", release: 4 }],
  snapshots: [{ snapshotId: "snap-4", release: 4 }],
  objects: [archiveKey(digest("4")), "imports/000004.raw"],
};

const gone = {
  stopped: [],
  terminated: ["i-4"],
  images: ["ami-4"],
  snapshots: ["snap-4"],
  objects: [archiveKey(digest("4")), "imports/000004.raw"],
  abandoned: [4],
};

test("a release that was being prepared when its execution died is abandoned, and nothing of it stays", () => {
  assert.deepEqual(planRetirement(inventory(prepared)), gone);
});

test("before the first release nothing is kept, not even the machine that has the address", () => {
  const { releases } = inventory({ releases: [release(4, { status: "preparing" })] });
  assert.deepEqual(
    planRetirement(inventory({ ...prepared, releases, live: undefined, addressHolder: "i-4" })),
    gone,
  );
});

test("consoles are kept for the newest twenty releases", () => {
  const releases = Array.from({ length: 25 }, (_, i) => release(i + 1, { status: "failed" }));
  const objects = ["consoles/000005-1.log", "consoles/000005-2.log", "consoles/000006-1.log"];
  assert.deepEqual(planRetirement(inventory({ releases, objects })).objects, objects.slice(0, 2));
});

test("two releases of one archive: it goes with the last of them only", () => {
  const shared = inventory();
  const releases = shared.releases.map((one) => ({ ...one, archive: archive("1") }));
  const { objects } = planRetirement({
    ...shared,
    releases,
    live: live({ archive: archive("1") }),
    objects: [archiveKey(digest("1")), archiveKey(digest("2"))],
  });
  assert.deepEqual(objects, [archiveKey(digest("2"))]);
});

test("whatever there is, what the live and the kept releases need stays", () => {
  const status = fc.constantFrom<Release["status"]>("preparing", "live", "unchanged", "failed");
  const reason = fc.constantFrom<Release["reason"]>(
    "content",
    "certificate",
    "rebuild",
    "replace",
    "rollback",
  );
  const digits = fc.constantFrom("1", "2", "3", "4");
  const one = fc.record({ status, reason, archived: digits, built: digits });
  fc.assert(
    fc.property(
      fc.array(one, { minLength: 1, maxLength: 9 }),
      fc.integer({ min: 1, max: 4 }),
      (all, keep) => {
        const releases = all.map(({ status, reason, archived, built }, i) =>
          release(i + 1, {
            status,
            reason,
            archive: archive(archived),
            boot: boot(built),
            listing: digest(built),
          }),
        );
        const newest = releases.findLast((candidate) => candidate.status === "live");
        if (newest === undefined) return;
        const liveNow = live({
          release: newest.number,
          instanceId: `i-${newest.number}`,
          archive: archive("5"),
          boot: newest.boot ?? boot(),
          listing: digest("5"),
        });
        const numbers = releases.map(({ number }) => number);
        const objects = ["1", "2", "3", "4", "5"].flatMap((digit) => [
          archiveKey(digest(digit)),
          listingKey(digest(digit)),
          bootKey(digest(digit)),
        ]);
        const leaving = planRetirement({
          live: liveNow,
          releases,
          machines: numbers.map((number) => ({
            instanceId: `i-${number}`,
            state: "running",
            release: number,
          })),
          images: numbers.map((number) => ({ imageId: `ami-${number}`, release: number })),
          snapshots: numbers.map((number) => ({ snapshotId: `snap-${number}`, release: number })),
          objects,
          certificate: undefined,
          addressHolder: liveNow.instanceId,
          keep,
        });
        const keptNumbers = keptReleases({ live: liveNow, releases, keep });
        assert.ok(keptNumbers.has(liveNow.release));
        assert.ok(!leaving.stopped.includes(liveNow.instanceId));
        for (const number of keptNumbers) {
          assert.ok(!leaving.terminated.includes(`i-${number}`));
          assert.ok(!leaving.images.includes(`ami-${number}`));
          assert.ok(!leaving.snapshots.includes(`snap-${number}`));
          const needs = releases[number - 1];
          assert.ok(!leaving.objects.includes(archiveKey(needs?.archive?.digest ?? "")));
          assert.ok(!leaving.objects.includes(bootKey(needs?.boot?.build ?? "")));
        }
        assert.ok(!leaving.objects.includes(archiveKey(digest("5"))));
        assert.ok(!leaving.objects.includes(listingKey(digest("5"))));
      },
    ),
    { numRuns: 500 },
  );
});

test("chain and key of a certificate stay as long as a kept release, or the next one, shows it", () => {
  const shown = ["0a", "0b", "0c", "0a"];
  const releases = shown.map((serial, i) =>
    release(i + 1, { certificate: { ...certificate, serial }, archive: archive("3") }),
  );
  const keys = ["0a", "0b", "0c", "0d"].flatMap((serial) => [chainKey(serial), privateKeyKey(serial)]);
  const leaving = (current: string | undefined, keep: number) =>
    planRetirement({
      ...inventory(),
      releases,
      live: live({ release: 4, certificate: { ...certificate, serial: "0a" }, archive: archive("3") }),
      objects: [...keys, "certificates/current.json", "certificates/next.json", "keys/account.pem"],
      certificate: current,
      keep,
    }).objects;
  assert.deepEqual(leaving("0d", 1), [chainKey("0b"), privateKeyKey("0b")]);
  assert.deepEqual(leaving("0b", 1), [], "the next release shows it again");
  assert.deepEqual(leaving(undefined, 2), [], "what no release has shown yet is not touched");
});
