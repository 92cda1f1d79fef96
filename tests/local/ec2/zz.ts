import { readFileSync } from "node:fs";
import { siteDisk } from "../machines/disk.ts";
import { eventually, testCloud } from "./cloud.ts";
import { get, importDirect, launch, registerImage } from "./launch.ts";

const t0 = Date.now();
const say = (...a: unknown[]) => console.log(Date.now() - t0, process.cpuUsage().user / 1e6, ...a);
const cloud = await testCloud({ machineKind: "qemu" });
const disk = await siteDisk({ release: 3, bootImage: readFileSync("/tmp/ec2-boot/boot.img") });
say("disk", disk.blocks.length);
const snap = await importDirect(cloud, disk);
say(snap);
const image = await registerImage(cloud.ec2, snap);
say(image);
const i = await launch(cloud, image, { InstanceType: "t3.nano" });
say(i.PublicIpAddress);
const iv = setInterval(() => say("tick"), 4000);
await new Promise((r) => setTimeout(r, 500));
clearInterval(iv);
import { RebootInstancesCommand, StopInstancesCommand, TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import { inState } from "./launch.ts";

const served=()=>get(i.PublicIpAddress,"/.well-known/mirage-pages").then(a=>a.body,()=>undefined);
await eventually(served, b=>b!==undefined, 20000); say("up");
await cloud.ec2.send(new RebootInstancesCommand({InstanceIds:[i.InstanceId]})); say("rebooted");
await eventually(served, b=>b===undefined, 20000); say("away");
await eventually(served, b=>b!==undefined, 20000); say("back");
await cloud.restart(); say("restarted");
await inState(cloud.ec2, i.InstanceId, "running"); say("running");
await eventually(served, b=>b!==undefined, 20000); say("back");
await cloud.ec2.send(new StopInstancesCommand({InstanceIds:[i.InstanceId]})); say("stopping");
await inState(cloud.ec2, i.InstanceId, "stopped", 20000); say("stopped");
await cloud.ec2.send(new TerminateInstancesCommand({InstanceIds:[i.InstanceId]}));
await inState(cloud.ec2, i.InstanceId, "terminated", 20000); say("terminated");

await cloud[Symbol.asyncDispose]();
say("done");
say(process.getActiveResourcesInfo());
setInterval(() => { say("alive", process.getActiveResourcesInfo().join()); }, 2000);
