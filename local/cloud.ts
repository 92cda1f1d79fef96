import { join } from "node:path";
import type { Place } from "./account.ts";
import { Builds } from "./codebuild/builds.ts";
import { codeBuildProvider } from "./codebuild/provider.ts";
import { codeBuildService } from "./codebuild/service.ts";
import { stateChangeEvent } from "./ec2/events.ts";
import type { Ec2 } from "./ec2/index.ts";
import { createEc2 } from "./ec2/index.ts";
import type { InstanceState } from "./ec2/state.ts";
import { EventBus } from "./events/bus.ts";
import { Delivery } from "./events/delivery.ts";
import { eventsProvider } from "./events/provider.ts";
import { Scheduler } from "./events/scheduler.ts";
import { eventsService } from "./events/service.ts";
import type { Call } from "./front-door/front-door.ts";
import { FrontDoor } from "./front-door/front-door.ts";
import { Authorizer } from "./iam/authorize.ts";
import { Directory } from "./iam/directory.ts";
import { importRoles } from "./iam/import-role.ts";
import { type Decision, Judge } from "./iam/judge.ts";
import { iamProvider } from "./iam/provider.ts";
import { iamService } from "./iam/service.ts";
import { stsService } from "./iam/sts.ts";
import { EventSources } from "./lambda/event-sources.ts";
import { FunctionUrls } from "./lambda/function-urls.ts";
import { Functions } from "./lambda/functions.ts";
import { lambdaProvider } from "./lambda/provider.ts";
import { lambdaService } from "./lambda/service.ts";
import { lockData } from "./lock.ts";
import { logsProvider } from "./logs/provider.ts";
import { logsService } from "./logs/service.ts";
import { LogStore } from "./logs/store.ts";
import { quotasService } from "./quotas/service.ts";
import { route53Provider } from "./route53/provider.ts";
import { route53Service } from "./route53/service.ts";
import { HostedZones } from "./route53/zones.ts";
import { recordEndpoint } from "./running.ts";
import { changeEvent } from "./s3/events.ts";
import { s3Provider } from "./s3/provider.ts";
import { s3Service } from "./s3/service.ts";
import { ObjectStore } from "./s3/store.ts";
import type { Service } from "./service.ts";
import type { Notification } from "./sns/notifications.ts";
import { keepNotifications } from "./sns/notifications.ts";
import { snsProvider } from "./sns/provider.ts";
import { snsService } from "./sns/service.ts";
import { Messaging } from "./sqs/messaging.ts";
import { sqsProvider } from "./sqs/provider.ts";
import type { Stack, Unhonoured } from "./stack/loader.ts";
import { loadStack } from "./stack/loader.ts";
import { cloudFormationService } from "./stack/service.ts";
import type { Template } from "./stack/template.ts";
import { readTemplate } from "./stack/template.ts";
import { Engine } from "./states/engine.ts";
import { statusEvent } from "./states/events.ts";
import { statesProvider } from "./states/provider.ts";
import { statesService } from "./states/service.ts";
import { Tasks } from "./states/tasks.ts";

export interface CloudOptions {
  /** Everything that outlives the local cloud. */
  readonly dataDir: string;
  /** Where `serverless package` left the template and the zips. */
  readonly packageDir: string;
  /** TCP port on 127.0.0.1; 0 takes any free one. */
  readonly port: number;
  /** The first three parts of the loopback addresses that are public addresses, as "127.80.0". */
  readonly addressBlock: string;
  readonly machineKind: "qemu" | "node";
  readonly stackName?: string;
  readonly region?: string;
  /** Values for the template's parameters. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Zones that the account has before the stack comes up, made once. */
  readonly hostedZones?: readonly { readonly id: string; readonly name: string }[];
  /** Lines for the terminal. */
  readonly log?: (line: string) => void;
  readonly onNotification?: (notification: Notification) => void;
  /** Told of every call before its service is; an AwsError thrown here refuses the call. */
  readonly onCall?: (call: Call) => void | Promise<void>;
  /** Told of every permission that a role's call needed, with what its policies said. */
  readonly onDecision?: (decision: Decision) => void;
  /** Waits before Lambda's two retries of asynchronous invocations, in seconds. */
  readonly retrySeconds?: readonly number[];
}

/** A local cloud that runs. */
export interface Cloud {
  /** "http://127.0.0.1:PORT" */
  readonly endpoint: string;
  /** What a person exports to use it with the AWS CLI and the SDKs. */
  readonly environment: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly unhonoured: readonly Unhonoured[];
  readonly stack: Stack;
  readonly ec2: Ec2;
  readonly bus: EventBus;
  readonly scheduler: Scheduler;
  readonly functions: Functions;
  readonly iam: Directory;
  /** Ends everything that runs; safe to call twice. */
  stop(): Promise<void>;
}

/**
 * What is ended, in this order: first what starts work, then what does it, last what the work stands on.
 * State machines end before functions, so that none of them sees its functions fail and acts on it.
 */
const stopOrder = [
  ...["scheduler", "functionUrls", "engine", "functions", "eventSources", "builds", "ec2"],
  ...["objects", "messaging", "frontDoor", "lock"],
] as const;

type Closers = Map<(typeof stopOrder)[number], () => void | Promise<void>>;

/**
 * Starts the local cloud: takes the data directory, brings up the packaged stack and resumes what was running.
 * Throws DataInUse, PortInUse, InvalidTemplate, ResourceFailed; nothing is left running then.
 */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const template = readTemplate(options.packageDir);
  const closers: Closers = new Map([["lock", lockData(options.dataDir)]]);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= closeAll(closers);
    return stopping;
  };
  try {
    return await open(options, template, closers, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function closeAll(closers: Closers): Promise<void> {
  const failures: unknown[] = [];
  for (const name of stopOrder) {
    try {
      await closers.get(name)?.();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, "The local cloud did not stop cleanly.");
}

async function open(
  options: CloudOptions,
  template: Template,
  closers: Closers,
  stop: () => Promise<void>,
): Promise<Cloud> {
  const log = options.log ?? (() => {});
  const at = (name: string): string => join(options.dataDir, name);
  const place: Place = { region: options.region ?? "us-east-1", endpoint: "" };
  const iam = new Directory(place.region);
  const judge = new Judge(iam, place.region, options.onDecision);
  const logs = new LogStore(at("logs"));
  let stack: Stack | undefined;
  let authorizer: Authorizer | undefined;

  const frontDoor = new FrontDoor({
    port: options.port,
    caller: (key) => iam.caller(key),
    ...(options.onCall === undefined ? {} : { onCall: options.onCall }),
    authorize: (call, protocol) => authorizer?.check(call, protocol),
  });
  place.endpoint = await frontDoor.listen();
  closers.set("frontDoor", () => frontDoor.stop());

  const messaging = new Messaging(at("messaging"), place);
  closers.set("messaging", () => messaging.stop());
  const listener =
    options.onNotification ??
    (({ subject, message }: Notification) => log(`notification: ${subject ?? message}`));
  const published = keepNotifications(at("notifications.jsonl"), listener);

  const retries = options.retrySeconds === undefined ? {} : { retrySeconds: options.retrySeconds };
  const functions = new Functions({ directory: at("lambda"), place, iam, judge, logs, ...retries });
  const urls = new FunctionUrls(functions, judge, at("function-urls.json"));
  const sources = new EventSources(messaging, functions, judge, place.region);
  const delivery = new Delivery({ messaging, functions, iam, judge, log });
  const bus = new EventBus(place.region, delivery.deliver);
  const scheduler = new Scheduler(delivery.deliver);
  const engine = new Engine(at("states"), new Tasks(functions, judge), (execution, machine) => {
    bus.put(statusEvent(execution, machine));
  });
  delivery.engine = engine;
  closers.set("functions", () => functions.stop());
  closers.set("functionUrls", () => urls.stop());
  closers.set("eventSources", () => sources.stop());
  closers.set("scheduler", () => scheduler.stop());
  closers.set("engine", () => engine.stop());

  const eventBuckets = new Set<string>();
  const objects = new ObjectStore(at("s3"), (change) => {
    if (eventBuckets.has(change.bucket)) bus.put(changeEvent(change));
  });
  closers.set("objects", () => objects.close());
  const builds = new Builds({ directory: at("codebuild"), place, iam, judge, logs });
  closers.set("builds", () => builds.stop());
  const readObject = async (bucket: string, key: string) => {
    const object = objects.object(bucket, key);
    const stream = (start = 0, end = object.size - 1) => objects.content.read(object.segments, start, end);
    return { size: object.size, stream };
  };
  const { dataDir, addressBlock, machineKind } = options;
  const { region } = place;
  const onStateChange = (id: string, state: InstanceState) => bus.put(stateChangeEvent(region, id, state));
  const mayImport = importRoles(iam, judge, region);
  const outside = { readObject, mayImport, log, onStateChange };
  const ec2 = await createEc2({ dataDir, addressBlock, machineKind, region, ...outside });
  closers.set("ec2", () => ec2.stop());
  authorizer = new Authorizer(iam, judge, ec2.state);
  const zones = new HostedZones(at("route53.json"));
  for (const { id, name } of options.hostedZones ?? []) zones.ensure(id, name);

  const packageDirectory = options.packageDir;
  const lambda = {
    functions,
    sources,
    urls,
    judge,
    place,
    packageDirectory,
    codeDirectory: at("lambda/code"),
  };
  const providers = [
    iamProvider(iam),
    s3Provider(objects, place.region, eventBuckets, judge),
    sqsProvider(messaging, place, judge),
    snsProvider(messaging, place, judge),
    eventsProvider(bus, scheduler, place),
    lambdaProvider(lambda),
    logsProvider(logs, place),
    statesProvider(engine, place, iam),
    codeBuildProvider(builds, place),
    route53Provider(zones),
    ec2,
  ];
  const stackName = options.stackName ?? "mirage-pages-prod";
  stack = await loadStack(template, {
    name: stackName,
    place,
    providers,
    parameters: options.parameters ?? {},
  });

  const services: Service[] = [
    s3Service(objects, authorizer.mayList),
    messaging.service(),
    snsService(messaging, published),
    eventsService(bus),
    lambdaService(functions, sources),
    logsService(logs, place),
    statesService(engine),
    codeBuildService(builds),
    cloudFormationService(() => stack),
    iamService(iam),
    quotasService(),
    stsService(),
    route53Service(zones),
    ec2,
    ec2.ebs,
  ];
  for (const service of services) frontDoor.use(service);
  await ec2.resume();
  engine.warmUp();
  sources.start();
  scheduler.start();

  const environment = {
    AWS_ENDPOINT_URL: place.endpoint,
    AWS_REGION: place.region,
    AWS_DEFAULT_REGION: place.region,
    AWS_ACCESS_KEY_ID: iam.person.accessKeyId,
    AWS_SECRET_ACCESS_KEY: iam.person.secretAccessKey,
  };
  recordEndpoint(options.dataDir, environment);
  const { outputs, unhonoured } = stack;
  const parts = { stack, ec2, bus, scheduler, functions, iam };
  return { endpoint: place.endpoint, environment, outputs, unhonoured, ...parts, stop };
}
