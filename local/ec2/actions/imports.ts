import type * as ec2 from "@aws-sdk/client-ec2";
import { AwsError, type Caller } from "../../service.ts";
import { action, type Cloud } from "../cloud.ts";
import { invalidValue, required } from "../errors.ts";
import { newId, parametersDigest } from "../ids.ts";
import { byIds, type Fields, paginate, select } from "../select.ts";
import type { ImportTask } from "../state.ts";
import { setTags, specifiedTags, tagList, tagsOf } from "../tags.ts";

/** Copies a raw disk in S3 into a snapshot. */
export const importSnapshot = action<ec2.ImportSnapshotRequest, ec2.ImportSnapshotResult>(
  ["ClientToken", "Description", "DiskContainer", "Encrypted", "RoleName", "TagSpecifications"],
  async (input, cloud, caller) => {
    const task = await startTask(cloud, caller, "snapshot", input, input.DiskContainer, {});
    return snapshotTask(cloud, task);
  },
);

/** Makes an image of a raw disk in S3, if it holds an operating system that is known. */
export const importImage = action<ec2.ImportImageRequest, ec2.ImportImageResult>(
  [
    ...(["Architecture", "BootMode", "ClientToken", "Description", "DiskContainers", "Encrypted"] as const),
    ...(["LicenseType", "Platform", "RoleName", "TagSpecifications"] as const),
  ],
  async (input, cloud, caller) => {
    const [disk, ...others] = input.DiskContainers ?? [];
    if (others.length > 0) throw invalidValue("The local cloud imports images of one disk.");
    if (input.Platform && input.Platform !== "Linux")
      throw invalidValue(`Invalid platform: ${input.Platform}`);
    const task = await startTask(cloud, caller, "image", input, disk, {
      architecture: input.Architecture ?? "x86_64",
      ...(input.BootMode && { bootMode: input.BootMode }),
      ...(input.LicenseType && { licenseType: input.LicenseType }),
    });
    return imageTask(cloud, task);
  },
);

interface Container {
  readonly Format?: string | undefined;
  readonly Url?: string | undefined;
  readonly UserBucket?: ec2.UserBucket | undefined;
}

async function startTask(
  cloud: Cloud,
  caller: Caller,
  kind: ImportTask["kind"],
  input: ec2.ImportSnapshotRequest | ec2.ImportImageRequest,
  container: Container | undefined,
  members: { architecture?: string; bootMode?: string; licenseType?: string },
): Promise<ImportTask> {
  const { state } = cloud.store;
  const clientToken = input.ClientToken;
  const tokenDigest = parametersDigest({ ...input, ClientToken: undefined });
  const tasks = Object.values(state.importTasks);
  const known = clientToken
    ? tasks.find((task) => task.clientToken === clientToken && task.kind === kind)
    : undefined;
  if (known?.tokenDigest === tokenDigest) return known;
  if (known) {
    throw new AwsError(
      "IdempotentParameterMismatch",
      "The request uses the same client token as a previous, but non-identical request.",
    );
  }
  const disk = place(container);
  const role = input.RoleName ?? "vmimport";
  if (!cloud.mayImport(role, disk.bucket, disk.key)) {
    throw new AwsError(
      "InvalidParameter",
      `The service role ${role} provided does not exist or does not have sufficient permissions`,
    );
  }
  const task: ImportTask = {
    id: newId(kind === "image" ? "import-ami" : "import-snap"),
    kind,
    ownerId: caller.accountId,
    ...disk,
    ...(input.Description && { description: input.Description }),
    encrypted: input.Encrypted ?? false,
    ...members,
    architecture: members.architecture ?? "x86_64",
    ...(clientToken && { clientToken, tokenDigest }),
    startedAt: new Date().toISOString(),
    status: "active",
    stage: "pending",
    progress: 0,
  };
  setTags(state, task.id, specifiedTags(input.TagSpecifications, `import-${kind}-task`));
  state.importTasks[task.id] = task;
  await cloud.store.save();
  cloud.imports.start(task);
  return task;
}

function place(container: Container | undefined): { bucket: string; key: string; format: string } {
  if (!container)
    throw new AwsError("MissingParameter", "The request must contain the parameter DiskContainer");
  const format = required(container.Format, "Format").toUpperCase();
  if (format !== "RAW") {
    throw new AwsError("InvalidParameter", `The local cloud imports disks of the format RAW, not ${format}.`);
  }
  const [, bucketOfUrl, keyOfUrl] = /^s3:\/\/([^/]+)\/(.+)$/.exec(container.Url ?? "") ?? [];
  const bucket = container.UserBucket?.S3Bucket ?? bucketOfUrl;
  const key = container.UserBucket?.S3Key ?? keyOfUrl;
  if (!bucket || !key) throw new AwsError("InvalidParameter", "The disk's place in S3 is missing.");
  return { bucket, key, format };
}

function diskOf(task: ImportTask): ec2.SnapshotDetail {
  return {
    ...(task.sizeBytes !== undefined && { DiskImageSize: task.sizeBytes }),
    Format: task.format,
    Status: task.status,
    UserBucket: { S3Bucket: task.bucket, S3Key: task.key },
    ...(task.snapshotId && task.status === "completed" && { SnapshotId: task.snapshotId }),
  };
}

function progressOf(task: ImportTask): { Progress?: string } {
  return task.status === "active" ? { Progress: String(task.progress ?? 0) } : {};
}

/** While a task is active its message is the stage it is at. */
function messageOf(task: ImportTask): { StatusMessage?: string } {
  const text = task.message ?? task.stage;
  return text ? { StatusMessage: text } : {};
}

function snapshotTask(cloud: Cloud, task: ImportTask): ec2.ImportSnapshotTask {
  return {
    ImportTaskId: task.id,
    Description: task.description,
    SnapshotTaskDetail: {
      // Empty, not absent, until the task has ended.
      SnapshotId: "",
      ...diskOf(task),
      Description: task.description,
      Encrypted: task.encrypted,
      ...progressOf(task),
      ...messageOf(task),
    },
    Tags: tagList(cloud.store.state, task.id),
  };
}

function imageTask(cloud: Cloud, task: ImportTask): ec2.ImportImageTask {
  return {
    ImportTaskId: task.id,
    Description: task.description,
    Architecture: task.architecture,
    Encrypted: task.encrypted,
    Platform: "Linux",
    LicenseType: task.licenseType,
    BootMode: task.bootMode as ec2.BootModeValues | undefined,
    Status: task.status,
    ...progressOf(task),
    ...messageOf(task),
    ...(task.imageId && task.status === "completed" && { ImageId: task.imageId }),
    SnapshotDetails: [diskOf(task)],
    Tags: tagList(cloud.store.state, task.id),
  };
}

function tasksOf(cloud: Cloud, kind: ImportTask["kind"], ids: readonly string[] | undefined): ImportTask[] {
  const tasks = byIds(cloud.store.state.importTasks, ids, unknownTask);
  const other = ids?.length ? tasks.find((task) => task.kind !== kind) : undefined;
  if (other) throw unknownTask(other.id);
  return tasks.filter((task) => task.kind === kind);
}

function unknownTask(id: string): AwsError {
  return new AwsError("InvalidConversionTaskId.Malformed", `The import task ID '${id}' does not exist.`);
}

const fields: Fields<ImportTask> = {
  "task-state": (task) => [task.status],
};

export const describeImportSnapshotTasks = action<
  ec2.DescribeImportSnapshotTasksRequest,
  ec2.DescribeImportSnapshotTasksResult
>(["ImportTaskIds", "Filters", "MaxResults", "NextToken"], (input, cloud) => {
  const named = tasksOf(cloud, "snapshot", input.ImportTaskIds);
  const found = select(named, input.Filters, fields, (task) => tagsOf(cloud.store.state, task.id));
  const page = paginate(found, input.MaxResults, input.NextToken, 1);
  return { ImportSnapshotTasks: page.items.map((task) => snapshotTask(cloud, task)), NextToken: page.next };
});

export const describeImportImageTasks = action<
  ec2.DescribeImportImageTasksRequest,
  ec2.DescribeImportImageTasksResult
>(["ImportTaskIds", "Filters", "MaxResults", "NextToken"], (input, cloud) => {
  const named = tasksOf(cloud, "image", input.ImportTaskIds);
  const found = select(named, input.Filters, fields, (task) => tagsOf(cloud.store.state, task.id));
  const page = paginate(found, input.MaxResults, input.NextToken, 1);
  return { ImportImageTasks: page.items.map((task) => imageTask(cloud, task)), NextToken: page.next };
});

/** Cancels a task that is under way. */
export const cancelImportTask = action<ec2.CancelImportTaskRequest, ec2.CancelImportTaskResult>(
  ["ImportTaskId", "CancelReason"],
  (input, cloud) => {
    const id = required(input.ImportTaskId, "ImportTaskId");
    const task = cloud.store.state.importTasks[id];
    if (!task) throw unknownTask(id);
    const before = task.status;
    if (before !== "active") {
      throw new AwsError("IncorrectState", `The import task '${id}' cannot be cancelled: it is ${before}.`);
    }
    cloud.imports.cancel(task);
    return { ImportTaskId: id, PreviousState: before, State: task.status };
  },
);
