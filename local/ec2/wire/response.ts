import { XMLBuilder } from "fast-xml-parser";
import type { Shape } from "./schema.ts";

const builder = new XMLBuilder({ ignoreAttributes: false, suppressEmptyNode: true });

/**
 * Writes what an action answers, given as the AWS SDK would return it, in EC2's XML. Members the API does
 * not have cannot get into it.
 */
export function renderOutput(action: string, requestId: string, output: object, shape: Shape): string {
  const members = write(output, shape) as Record<string, unknown>;
  const document = {
    "?xml": { "@_version": "1.0", "@_encoding": "UTF-8" },
    [`${action}Response`]: {
      "@_xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/",
      requestId,
      ...members,
    },
  };
  return builder.build(document);
}

function write(value: unknown, shape: Shape): unknown {
  switch (shape.kind) {
    case "structure": {
      const members: Record<string, unknown> = {};
      for (const member of shape.members) {
        const item = (value as Record<string, unknown>)[member.name];
        if (item !== undefined && item !== null) members[member.xmlName] = write(item, member.shape());
      }
      return members;
    }
    case "list": {
      const items = value as readonly unknown[];
      return items.length === 0
        ? ""
        : { [shape.item.xmlName]: items.map((item) => write(item, shape.item.shape())) };
    }
    case "timestamp":
      return new Date(value as string | number | Date).toISOString();
    case "blob":
      return Buffer.from(value as Uint8Array).toString("base64");
    default:
      return String(value);
  }
}
