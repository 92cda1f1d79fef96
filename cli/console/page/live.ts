import { useEffect, useState } from "preact/hooks";
import type { Done, View } from "../view.ts";

export type Known = Partial<View>;

/** Whether the server is heard. */
export type Link = "connecting" | "live" | "lost";

const SECTIONS: readonly (keyof View)[] = [
  "site",
  "picture",
  "standing",
  "run",
  "releases",
  "timings",
  "certificate",
  "fleet",
  "costs",
  "trouble",
];

/** What the server has told so far; it goes on telling what changes. */
export function useView(): { readonly view: Known; readonly link: Link } {
  const [view, setView] = useState<Known>({});
  const [link, setLink] = useState<Link>("connecting");
  useEffect(() => {
    // The browser connects again by itself.
    const source = new EventSource("/events");
    source.addEventListener("open", () => setLink("live"));
    source.addEventListener("error", () => setLink("lost"));
    for (const section of SECTIONS) {
      source.addEventListener(section, ({ data }) =>
        setView((known) => ({ ...known, [section]: JSON.parse(data) })),
      );
    }
    return () => source.close();
  }, []);
  return { view, link };
}

/** The time, in epoch milliseconds, four times a second while something runs, else every ten seconds. */
export function useNow(busy: boolean): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), busy ? 250 : 10_000);
    return () => clearInterval(timer);
  }, [busy]);
  return now;
}

/** Asks the server for a change. */
export async function ask(path: "/rollback" | "/redeploy", body: unknown): Promise<Done> {
  try {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    const { ok = false, message } = (await answer.json()) as Partial<Done> & { message: string };
    return { ok, message };
  } catch {
    return { ok: false, message: "The console does not answer: is `mirage-pages console` still running?" };
  }
}
