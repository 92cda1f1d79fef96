/** Whether a text is of a pattern in which `*` stands for any text and `?` for any one character. */
export function matches(pattern: string, text: string): boolean {
  const source = pattern.replace(/[.+^${}()|[\]\\*?]/g, (found) => {
    if (found === "*") return ".*";
    return found === "?" ? "." : `\\${found}`;
  });
  return new RegExp(`^${source}$`, "su").test(text);
}

/**
 * Whether an ARN is of a pattern, each of its six parts for itself, as ArnLike and ArnEquals compare.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
 */
export function arnMatches(pattern: string, arn: string): boolean {
  const [wanted, given] = [parts(pattern), parts(arn)];
  return (
    given.length === 6 && wanted.length === 6 && wanted.every((part, i) => matches(part, given[i] ?? ""))
  );
}

function parts(arn: string): string[] {
  const all = arn.split(":");
  return all.length < 6 ? all : [...all.slice(0, 5), all.slice(5).join(":")];
}
