import type { Console } from "../../../cli/console/server.ts";
import { TestStack } from "../../kit/stack.ts";

/** A site with one release, and its console. */
export interface Served {
  readonly stack: TestStack;
  readonly console: Console;
  /** Puts a page into the bucket and waits until the stack is at rest again. */
  upload(text: string): Promise<unknown>;
  stop(): Promise<void>;
}

export async function serveConsole(): Promise<Served> {
  const stack = await TestStack.start();
  const upload = (text: string) =>
    stack.settleAfter(() => stack.put(stack.content, "index.html", `<h1>${text}</h1>`));
  try {
    await upload("one");
    Object.assign(process.env, stack.cloud.environment);
    const { openSite } = await import("../../../cli/read/site.ts");
    const { startConsole } = await import("../../../cli/console/server.ts");
    const target = { stage: "prod", stack: "mirage-pages-prod", region: "us-east-1" };
    const console = await startConsole(await openSite({ ...target, endpoint: stack.cloud.endpoint }));
    const stop = async () => {
      await console.stop();
      await stack.stop();
    };
    return { stack, console, upload, stop };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}
