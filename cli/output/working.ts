import { isWatched } from "../watch/show.ts";

/** Does something that can tell how far it is: on one line that changes in a terminal, elsewhere in silence. */
export async function working<T>(
  title: string,
  json: boolean,
  act: (say: (how: string) => void) => Promise<T>,
): Promise<T> {
  if (json || !isWatched()) return act(() => {});
  const { Listr } = await import("listr2");
  let result: T | undefined;
  const list = new Listr(
    [
      {
        title,
        task: async (_: unknown, task: { title: string }) => {
          result = await act((how) => (task.title = `${title}  ${how}`));
        },
      },
    ],
    { registerSignalListeners: false },
  );
  await list.run();
  return result as T;
}
