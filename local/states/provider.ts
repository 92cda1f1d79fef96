import type { Place } from "../account.ts";
import { arn } from "../account.ts";
import type { Directory } from "../iam/directory.ts";
import type { Provider, Resource } from "../service.ts";
import { AwsError } from "../service.ts";
import { isObject, members, optionalText } from "../wire/members.ts";
import type { Engine } from "./engine.ts";

/** A definition that is no state machine. */
class InvalidDefinition extends Error {
  override readonly name = "InvalidDefinition";

  constructor(machine: string, reason: string) {
    super(`The definition of state machine ${machine} is invalid: ${reason}`);
  }
}

/** Makes state machines from DefinitionString or Definition. */
export function statesProvider(engine: Engine, place: Place, iam: Directory): Provider {
  return {
    honoured: {
      "AWS::StepFunctions::StateMachine": [
        ...["StateMachineName", "DefinitionString", "Definition", "DefinitionSubstitutions", "RoleArn"],
      ],
    },
    async provision({ stack, logicalId, properties }: Resource) {
      const name = optionalText(properties, "StateMachineName") ?? `${stack}-${logicalId}`;
      const definitionText = substitute(
        optionalText(properties, "DefinitionString") ?? JSON.stringify(properties.Definition ?? {}),
        members(properties, "DefinitionSubstitutions"),
      );
      const machineArn = arn(place, "states", `stateMachine:${name}`);
      const roleArn = optionalText(properties, "RoleArn") ?? "";
      const trusting = { service: "states.amazonaws.com", sourceArn: machineArn };
      if (iam.assume(roleArn, trusting) === undefined) {
        const text =
          "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to " +
          `assume the provided role. (${roleArn})`;
        throw new AwsError("AccessDeniedException", text);
      }
      engine.define({
        name,
        arn: machineArn,
        roleArn,
        definitionText,
        definition: parse(name, definitionText),
        created: Date.now(),
      });
      return { ref: machineArn, attributes: { Arn: machineArn, Name: name } };
    },
  };
}

function substitute(text: string, values: Record<string, unknown>): string {
  return text.replace(/\$\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? String(values[name]) : whole,
  );
}

function parse(name: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidDefinition(name, String(error));
  }
  if (!isObject(value) || !isObject(value.States) || typeof value.StartAt !== "string") {
    throw new InvalidDefinition(name, "it has no States or no StartAt.");
  }
  if (value.QueryLanguage === "JSONata")
    throw new InvalidDefinition(name, "JSONata is not interpreted here.");
  return value;
}
