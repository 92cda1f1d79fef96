import type { IncomingMessage, ServerResponse } from "node:http";
import { accountId } from "../../../local/account.ts";
import type { AwsError, Caller, Service } from "../../../local/service.ts";
import { asAwsError, sendError } from "../../../local/wire/errors.ts";
import { type Answered, type Asked, exchange } from "../world/exchange.ts";
import { within } from "../world/life.ts";

const caller: Caller = { accountId, region: "us-east-1", arn: `arn:aws:iam::${accountId}:role/simulated` };

/** The local cloud's services without a socket: a request in their wire form goes in, an answer comes out. */
export class Front {
  readonly #services = new Map<string, Service>();

  use(service: Service): void {
    for (const name of service.names) this.#services.set(name, service);
  }

  /** Has a service carry a call out. */
  call(name: string, asked: Asked): Promise<Answered> {
    const service = this.#service(name);
    const handle = async (request: IncomingMessage, response: ServerResponse) => {
      try {
        await service.handle(request, response, caller);
      } catch (error) {
        sendError(service.protocol, asAwsError(error), request, response);
      }
    };
    // What a service begins goes on when its caller is killed.
    return within(undefined, () => exchange(asked, handle));
  }

  /** What a service answers when it refuses a call with an error. */
  refuse(name: string, asked: Asked, error: AwsError): Promise<Answered> {
    const { protocol } = this.#service(name);
    return exchange(asked, async (request: IncomingMessage, response: ServerResponse) =>
      sendError(protocol, error, request, response),
    );
  }

  #service(name: string): Service {
    const service = this.#services.get(name);
    if (service === undefined) throw new Error(`The simulated cloud has no service "${name}".`);
    return service;
  }
}
