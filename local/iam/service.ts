import type { Service } from "../service.ts";
import { AwsError } from "../service.ts";
import { paginate } from "../wire/pages.ts";
import { queryService } from "../wire/services.ts";
import { memberList } from "../wire/xml.ts";
import type { Directory, Role } from "./directory.ts";

/** IAM, as far as looking at roles. */
export function iamService(directory: Directory): Service {
  return queryService(["iam"], "https://iam.amazonaws.com/doc/2010-05-08/", {
    GetRole: (input) => {
      const name = input.get("RoleName") ?? "";
      const role = directory.role(name);
      if (role === undefined) {
        throw new AwsError("NoSuchEntity", `The role with name ${name} cannot be found.`, 404);
      }
      return { Role: describe(role) };
    },
    ListRoles: (input) => {
      const limit = Number(input.get("MaxItems") ?? 100);
      const page = paginate(directory.allRoles(), input.get("Marker"), limit);
      const IsTruncated = page.nextToken !== undefined;
      return { Roles: memberList(page.items.map(describe)), IsTruncated, Marker: page.nextToken };
    },
  });
}

function describe({ name, arn, key }: Role) {
  return { Path: "/", RoleName: name, RoleId: key.accessKeyId.replace(/^ASIA/, "AROA"), Arn: arn };
}
