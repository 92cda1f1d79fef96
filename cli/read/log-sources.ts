/** Who writes logs of a deployment; apart from their readers, for a command line needs no more than the names. */
export const SOURCES = ["steps", "functions", "build", "machine"] as const;
export type Source = (typeof SOURCES)[number];
