import { accountId } from "../account.ts";
import type { Directory } from "./directory.ts";
import type { Judge } from "./judge.ts";

/** Whether VM Import/Export can act as a role and may, as that, import an object of a bucket. */
export type MayImport = (role: string, bucket: string, key: string) => boolean;

/**
 * Asks for what AWS documents that the role of an import needs. Of "ec2:Describe*" it does not say what is called.
 * https://docs.aws.amazon.com/vm-import/latest/userguide/required-permissions.html
 */
export function importRoles(directory: Directory, judge: Judge, region: string): MayImport {
  return (role, bucket, key) => {
    const arn = directory.role(role)?.arn ?? role;
    const sourceArn = `arn:aws:vmie:${region}:${accountId}:import-task/*`;
    const trust = { service: "vmie.amazonaws.com", sourceArn, externalId: "vmimport" };
    if (directory.assume(role, trust) === undefined) return false;
    const made = (type: string): string => `arn:aws:ec2:${region}::${type}/*`;
    const needed = [
      ["s3:GetBucketLocation", `arn:aws:s3:::${bucket}`],
      ["s3:ListBucket", `arn:aws:s3:::${bucket}`],
      ["s3:GetObject", `arn:aws:s3:::${bucket}/${key}`],
      ["ec2:ModifySnapshotAttribute", made("snapshot")],
      ["ec2:CopySnapshot", made("snapshot")],
      ["ec2:RegisterImage", made("image")],
      ["ec2:RegisterImage", made("snapshot")],
      ["ec2:DescribeSnapshots", "*"],
    ] as const;
    return needed.every(([action, resource]) => judge.allows(arn, action, resource));
  };
}
