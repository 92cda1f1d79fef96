/** One place of a pattern: a character, or any number of characters of some kind. */
type Token = { readonly one: string } | { readonly any: RegExp };

/** Parts of ARNs that may hold slashes and colons. */
const FREE = new Set(["ObjectName", "LogGroupName", "LogStreamName", "RoleNameWithPath", "ExecutionId"]);

/**
 * Whether some ARN fits both a policy's resource, in which `*` stands for anything, and the form of a resource
 * type as AWS documents it (`arn:${Partition}:s3:::${BucketName}`), in which a variable stands for one segment.
 */
export function mayFit(resource: string, form: string): boolean {
  const [left, right] = [tokensOf(resource, /\*/y), tokensOf(form, /\$\{(\w+)\}|\*/y)];
  const known = new Map<number, boolean>();
  const meet = (i: number, j: number): boolean => {
    const key = i * (right.length + 1) + j;
    const before = known.get(key);
    if (before !== undefined) return before;
    const [a, b] = [left[i], right[j]];
    const result =
      (a === undefined && b === undefined) ||
      (a !== undefined && "any" in a && (meet(i + 1, j) || (takes(a, b) && meet(i, j + 1)))) ||
      (b !== undefined && "any" in b && (meet(i, j + 1) || (takes(b, a) && meet(i + 1, j)))) ||
      (a !== undefined &&
        b !== undefined &&
        "one" in a &&
        "one" in b &&
        a.one === b.one &&
        meet(i + 1, j + 1));
    known.set(key, result);
    return result;
  };
  return meet(0, 0);
}

function takes(token: { readonly any: RegExp }, other: Token | undefined): boolean {
  return other !== undefined && "one" in other && token.any.test(other.one);
}

function tokensOf(pattern: string, variable: RegExp): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; ) {
    variable.lastIndex = at;
    const found = variable.exec(pattern);
    const segment = found?.[1] !== undefined && !FREE.has(found[1]);
    tokens.push(found ? { any: segment ? /[^:/]/ : /./ } : { one: pattern.charAt(at) });
    at += found?.[0].length ?? 1;
  }
  return tokens;
}
