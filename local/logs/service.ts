import type { Place } from "../account.ts";
import { arn } from "../account.ts";
import type { Service } from "../service.ts";
import { objects, optionalBoolean, optionalNumber, optionalText, text, texts } from "../wire/members.ts";
import { paginate } from "../wire/pages.ts";
import { jsonService } from "../wire/services.ts";
import type { LogEvent, LogStore } from "./store.ts";

/** CloudWatch Logs: reading groups, streams and events, and putting events. */
export function logsService(store: LogStore, place: Place): Service {
  return jsonService(["logs"], "1.1", {
    DescribeLogGroups: (input) => {
      const prefix = optionalText(input, "logGroupNamePrefix") ?? "";
      const groups = store.groups().filter((name) => name.startsWith(prefix));
      const { items, nextToken } = paginate(
        groups,
        optionalText(input, "nextToken"),
        optionalNumber(input, "limit") ?? 50,
      );
      const logGroups = items.map((logGroupName) => ({
        logGroupName,
        arn: arn(place, "logs", `log-group:${logGroupName}:*`),
      }));
      return { logGroups, nextToken };
    },
    DescribeLogStreams: (input) => {
      const prefix = optionalText(input, "logStreamNamePrefix") ?? "";
      const streams = store.streams(groupName(input)).filter(({ name }) => name.startsWith(prefix));
      if (optionalText(input, "orderBy") === "LastEventTime") streams.sort((a, b) => a.last - b.last);
      if (optionalBoolean(input, "descending") === true) streams.reverse();
      const { items, nextToken } = paginate(
        streams,
        optionalText(input, "nextToken"),
        optionalNumber(input, "limit") ?? 50,
      );
      const logStreams = items.map(({ name, created, last, bytes }) => ({
        logStreamName: name,
        creationTime: created,
        lastEventTimestamp: last,
        storedBytes: bytes,
      }));
      return { logStreams, nextToken };
    },
    GetLogEvents: (input) => {
      const all = within(store.events(groupName(input), text(input, "logStreamName")), input);
      return page(all, input);
    },
    FilterLogEvents: (input) => {
      const group = groupName(input);
      const wanted = texts(input, "logStreamNames");
      const prefix = optionalText(input, "logStreamNamePrefix") ?? "";
      const names = store.streams(group).map(({ name }) => name);
      const chosen = names.filter((name) =>
        wanted.length === 0 ? name.startsWith(prefix) : wanted.includes(name),
      );
      const pattern = optionalText(input, "filterPattern") ?? "";
      const all = chosen.flatMap((logStreamName) =>
        within(store.events(group, logStreamName), input)
          .filter(({ message }) => matchesTerms(pattern, message))
          .map((event, index) => ({ logStreamName, ...event, eventId: `${logStreamName}/${index}` })),
      );
      all.sort((a, b) => a.timestamp - b.timestamp);
      const limit = optionalNumber(input, "limit") ?? 10_000;
      const { items, nextToken } = paginate(all, optionalText(input, "nextToken"), limit);
      return { events: items, nextToken, searchedLogStreams: [] };
    },
    CreateLogGroup: (input) => store.createGroup(groupName(input)),
    CreateLogStream: () => ({}),
    PutLogEvents: (input) => {
      const events = objects(input, "logEvents").map((event) => ({
        timestamp: optionalNumber(event, "timestamp") ?? Date.now(),
        message: text(event, "message"),
      }));
      store.put(groupName(input), text(input, "logStreamName"), events);
      return { nextSequenceToken: "0" };
    },
  });
}

function groupName(input: Record<string, unknown>): string {
  const identifier = optionalText(input, "logGroupIdentifier");
  if (identifier === undefined) return text(input, "logGroupName");
  return identifier.startsWith("arn:")
    ? identifier.split(":").slice(6).join(":").replace(/:\*$/, "")
    : identifier;
}

function within(events: readonly LogEvent[], input: Record<string, unknown>): LogEvent[] {
  const start = optionalNumber(input, "startTime") ?? 0;
  const end = optionalNumber(input, "endTime") ?? Number.POSITIVE_INFINITY;
  return events.filter(({ timestamp }) => timestamp >= start && timestamp < end);
}

/** GetLogEvents ends where its token no longer changes: the token is an index into the stream. */
function page(all: readonly LogEvent[], input: Record<string, unknown>): unknown {
  const limit = optionalNumber(input, "limit") ?? 10_000;
  const [direction, position] = (optionalText(input, "nextToken") ?? "").split("/");
  const fromHead = optionalBoolean(input, "startFromHead") === true;
  const end = all.length;
  let start = fromHead ? 0 : Math.max(end - limit, 0);
  if (direction === "f") start = Number(position);
  if (direction === "b") start = Math.max(Number(position) - limit, 0);
  const stop = direction === "b" ? Number(position) : Math.min(start + limit, end);
  return {
    events: all.slice(start, stop),
    nextForwardToken: `f/${stop}`,
    nextBackwardToken: `b/${start}`,
  };
}

/** Filter patterns of plain and quoted terms, all of which must occur; a leading "-" must not, "?" ones may. */
function matchesTerms(pattern: string, message: string): boolean {
  const terms = pattern.match(/[-?]?"[^"]*"|\S+/g) ?? [];
  const plain = (term: string): string => term.replace(/^[-?]/, "").replace(/^"|"$/g, "");
  const optional = terms.filter((term) => term.startsWith("?"));
  if (optional.length > 0 && !optional.some((term) => message.includes(plain(term)))) return false;
  return terms.every((term) => {
    if (term.startsWith("?")) return true;
    return message.includes(plain(term)) !== term.startsWith("-");
  });
}
