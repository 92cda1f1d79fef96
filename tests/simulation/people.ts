import { askForRollback, deploy } from "../../lib/aws/deployments.ts";
import type { Snapshot } from "../../local/ec2/state.ts";
import type { Chance } from "./world/random.ts";
import type { World } from "./world.ts";

/** What people ask for beside uploading. */
const REQUESTS = ["rebuild", "certificate", "replace"] as const;

/** People who do things by hand, at any time: ask for a deployment, stop an execution, stop or end a machine. */
export class People {
  readonly #world: World;
  readonly #chance: Chance;

  constructor(world: World) {
    this.#world = world;
    this.#chance = world.chance("people");
  }

  /** Plans everything that they will do, and puts what strangers have next door into the account. */
  begin(): void {
    this.#moveIn();
    const chance = this.#chance;
    const { faults } = this.#world;
    const often = faults.weather === "calm" ? 0 : 1;
    for (let i = chance.whole(0, 2); i > 0; i -= 1) this.#at(() => this.#ask());
    for (let i = chance.whole(0, 3); i > 0; i -= 1) this.#at(() => this.#rollBack());
    if (chance.happens(0.3)) this.#at(() => this.#lookAtCertificate());
    if (chance.happens(0.1)) this.#at(() => this.#rename());
    for (let i = chance.whole(0, 2) * often; i > 0; i -= 1) this.#at(() => this.#stopExecution());
    for (let i = chance.whole(0, 1) * often; i > 0; i -= 1) this.#at(() => this.#endMachine());
    for (let i = chance.whole(0, 1) * often; i > 0; i -= 1) this.#at(() => this.#breakMachine());
  }

  #at(act: () => void): void {
    const { clock, choices } = this.#world;
    clock.after(this.#chance.between(0, choices.busySeconds) * 1000, act);
  }

  #ask(): void {
    const kind = this.#chance.pick(REQUESTS);
    this.#world.note(`a person asks for a deployment: ${kind}`);
    void this.#world.worksOff(deploy(kind));
  }

  /** Mostly to a release that was live once; sometimes to one that failed, and to what never was. */
  #rollBack(): void {
    const releases = this.#world.releases();
    const once = releases.filter(({ status }) => status === "live").map(({ number }) => number);
    const any = [...releases.map(({ number }) => number), 99];
    const to = this.#chance.pick(once.length > 0 && !this.#chance.happens(0.1) ? once : any);
    this.#world.note(`a person asks for a rollback to release ${to}`);
    void this.#world.worksOff(askForRollback(to));
  }

  /** As its schedule does, twice a day: no history is busy for so long. */
  #lookAtCertificate(): void {
    this.#world.note("the certificate is looked at");
    this.#world.lookAtCertificate();
  }

  /** The stack is deployed again with another name: a certificate for it has to follow. */
  #rename(): void {
    const names = this.#chance.pick(["example.net", "example.net www.example.net", ""]);
    this.#world.note(`the site's names become "${names}"`);
    process.env.SITE_NAMES = names;
  }

  #stopExecution(): void {
    const running = this.#world.executions.filter(({ status }) => status === "RUNNING");
    if (running.length === 0) return;
    const execution = this.#chance.pick(running);
    this.#world.note(`a person stops ${execution.name}`);
    this.#world.engine.stopExecution(execution.arn, "Stopped", "by hand");
  }

  #endMachine(): void {
    const live = this.#world.live();
    const { store, fleet } = this.#world.ec2.cloud;
    const instance = store.state.instances[live?.instanceId ?? ""];
    if (instance?.state !== "running") return;
    const how = this.#chance.pick(["stop", "terminate"]);
    this.#world.note(`a person's hand: ${how} ${instance.id}, which is live`);
    this.#world.byHand.add(instance.id);
    if (how === "stop") fleet.shutDown(instance, true);
    else fleet.terminate(instance, true);
  }

  #breakMachine(): void {
    const machine = this.#world.machines.running.get(this.#world.live()?.instanceId ?? "");
    if (machine === undefined) return;
    const how = this.#chance.pick(["die", "hang"] as const);
    this.#world.note(`the live machine is made to ${how}`);
    machine[how]();
  }

  /** Somebody else's snapshot of another stack: whatever happens, it stays as it is. */
  #moveIn(): void {
    const { state } = this.#world.ec2.cloud.store;
    const id = "snap-0123456789abcdef0";
    const snapshot: Snapshot = {
      ...{
        id,
        ownerId: "000000000000",
        startedAt: new Date().toISOString(),
        sizeGiB: 1,
        description: "another's",
      },
      ...{ encrypted: true, state: "completed", progress: "100%" },
    };
    state.snapshots[id] = snapshot;
    state.tags[id] = { "mirage-pages:stack": "another", "mirage-pages:release": "1" };
    this.#world.strangers.add(id);
  }
}
