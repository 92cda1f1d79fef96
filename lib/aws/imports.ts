import {
  CancelImportTaskCommand,
  DescribeImportImageTasksCommand,
  DescribeImportSnapshotTasksCommand,
  ImportImageCommand,
  ImportSnapshotCommand,
  paginateDescribeImportImageTasks,
  paginateDescribeImportSnapshotTasks,
} from "@aws-sdk/client-ec2";
import { ImportFailed } from "../errors.ts";
import { setting } from "../settings.ts";
import { ec2 } from "./ec2-client.ts";
import { attemptName, ownFilters, releaseTag, tagSpecification } from "./names.ts";

/** Statuses in which an import task is over. */
const OVER = ["completed", "deleted", "deleting", "error"];

export interface ImportProgress {
  readonly done: boolean;
  readonly progress: string;
  readonly snapshotId?: string;
  readonly imageId?: string;
}

const userBucket = (key: string) => ({ S3Bucket: setting("STATE_BUCKET"), S3Key: key });

/** Starts ImportSnapshot for a raw disk in the state bucket, or finds the task started before. */
export async function importSnapshot(release: number, key: string): Promise<string> {
  const task = await ec2().send(
    new ImportSnapshotCommand({
      ClientToken: attemptName(release, 1),
      Description: `mirage-pages release ${release}`,
      DiskContainer: { Format: "RAW", UserBucket: userBucket(key) },
      Encrypted: true,
      RoleName: setting("IMPORT_ROLE"),
      TagSpecifications: [tagSpecification("import-snapshot-task", release, 1)],
    }),
  );
  return task.ImportTaskId ?? "";
}

/** Starts ImportImage for a raw disk in the state bucket, or finds the task started before. */
export async function importImage(release: number, key: string): Promise<string> {
  const task = await ec2().send(
    new ImportImageCommand({
      ClientToken: attemptName(release, 1),
      Description: `mirage-pages release ${release}`,
      Architecture: "x86_64",
      BootMode: "uefi",
      Platform: "Linux",
      DiskContainers: [{ Format: "RAW", UserBucket: userBucket(key) }],
      Encrypted: true,
      RoleName: setting("IMPORT_ROLE"),
      TagSpecifications: [tagSpecification("import-image-task", release, 1)],
    }),
  );
  return task.ImportTaskId ?? "";
}

/** How far an ImportSnapshot task is. Throws ImportFailed with EC2's own words. */
export async function snapshotTask(taskId: string): Promise<ImportProgress> {
  const { ImportSnapshotTasks } = await ec2().send(
    new DescribeImportSnapshotTasksCommand({ ImportTaskIds: [taskId] }),
  );
  const detail = ImportSnapshotTasks?.[0]?.SnapshotTaskDetail;
  const status = detail?.Status ?? "active";
  const progress = percent(detail?.Progress, detail?.StatusMessage);
  if (status === "completed" && detail?.SnapshotId)
    return { done: true, progress, snapshotId: detail.SnapshotId };
  if (status !== "completed" && OVER.includes(status)) {
    throw new ImportFailed(
      `ImportSnapshot refused the disk (${taskId}): ${detail?.StatusMessage ?? status}. ` +
        "Deploy the stack with importMode=direct, which needs no import.",
    );
  }
  return { done: false, progress };
}

/** How far an ImportImage task is. Throws ImportFailed with EC2's own words. */
export async function imageTask(taskId: string): Promise<ImportProgress> {
  const { ImportImageTasks } = await ec2().send(
    new DescribeImportImageTasksCommand({ ImportTaskIds: [taskId] }),
  );
  const task = ImportImageTasks?.[0];
  const status = task?.Status ?? "active";
  const progress = percent(task?.Progress, task?.StatusMessage);
  if (status === "completed" && task?.ImageId) return { done: true, progress, imageId: task.ImageId };
  if (status !== "completed" && OVER.includes(status)) {
    throw new ImportFailed(
      `ImportImage refused the disk (${taskId}): ${task?.StatusMessage ?? status}. ImportImage takes only disks ` +
        "with an operating system it knows; deploy the stack with importMode=direct (or snapshot).",
    );
  }
  return { done: false, progress };
}

function percent(progress: string | undefined, message: string | undefined): string {
  return [progress && `${progress} %`, message].filter(Boolean).join(", ");
}

/** What an import has made: it bears no tag of ours before register-image gives it one. */
export interface Imported {
  readonly release: number;
  readonly snapshotId: string | undefined;
  readonly imageId: string | undefined;
}

/**
 * Ends the import tasks that are still under way, of one release or of all, and gives what the others have made.
 */
export async function endImports(release?: number): Promise<Imported[]> {
  const query = { Filters: ownFilters(release) };
  const tasks: (Imported & { id: string | undefined; status: string | undefined })[] = [];
  for await (const page of paginateDescribeImportSnapshotTasks({ client: ec2() }, query)) {
    for (const { ImportTaskId: id, Tags, SnapshotTaskDetail: detail } of page.ImportSnapshotTasks ?? []) {
      const made = { release: releaseTag(Tags) ?? 0, snapshotId: detail?.SnapshotId, imageId: undefined };
      tasks.push({ id, status: detail?.Status, ...made });
    }
  }
  for await (const page of paginateDescribeImportImageTasks({ client: ec2() }, query)) {
    for (const { ImportTaskId: id, Tags, Status: status, ...task } of page.ImportImageTasks ?? []) {
      const snapshotId = task.SnapshotDetails?.[0]?.SnapshotId;
      tasks.push({ id, status, release: releaseTag(Tags) ?? 0, snapshotId, imageId: task.ImageId });
    }
  }
  for (const { id, status } of tasks) {
    if (id === undefined || OVER.includes(status ?? "")) continue;
    await ec2().send(
      new CancelImportTaskCommand({ ImportTaskId: id, CancelReason: "The deployment was undone" }),
    );
  }
  return tasks
    .filter(({ status }) => status === "completed")
    .map(({ release, snapshotId, imageId }) => ({ release, snapshotId, imageId }));
}
