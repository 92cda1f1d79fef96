/** Writes the zip of what CodeBuild needs, from the repository at `root`, to `target`. */
export function writeSourceZip(root: string, target: string): Promise<void>;
