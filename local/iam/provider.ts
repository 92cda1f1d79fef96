import type { Provider, Resource } from "../service.ts";
import { isObject, objects, optionalText, texts } from "../wire/members.ts";
import type { Directory } from "./directory.ts";

/** Makes roles and keeps their policies: AWS::IAM::Role and AWS::IAM::Policy. */
export function iamProvider(directory: Directory): Provider {
  return {
    honoured: {
      "AWS::IAM::Role": ["RoleName", "AssumeRolePolicyDocument", "Policies"],
      "AWS::IAM::Policy": ["PolicyName", "PolicyDocument", "Roles"],
      "AWS::IAM::ManagedPolicy": ["PolicyName", "PolicyDocument", "Roles"],
    },
    async provision(resource: Resource) {
      const { properties } = resource;
      if (resource.type === "AWS::IAM::Role") {
        const name = optionalText(properties, "RoleName") ?? `${resource.stack}-${resource.logicalId}`;
        const role = directory.addRole(name);
        role.trust = properties.AssumeRolePolicyDocument ?? role.trust;
        for (const policy of objects(properties, "Policies")) {
          role.policies.set(optionalText(policy, "PolicyName") ?? "inline", policy.PolicyDocument);
        }
        for (const attached of texts(properties, "ManagedPolicyArns")) role.policies.set(attached, undefined);
        return { ref: name, attributes: { Arn: role.arn, RoleId: role.key.accessKeyId } };
      }
      const name = optionalText(properties, "PolicyName") ?? resource.logicalId;
      for (const roleName of texts(properties, "Roles")) {
        const document = properties.PolicyDocument;
        if (isObject(document)) directory.role(roleName)?.policies.set(name, document);
      }
      return { ref: name, attributes: {} };
    },
  };
}
