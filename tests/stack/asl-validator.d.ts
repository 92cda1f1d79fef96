declare module "asl-validator" {
  /** Checks a state machine against the Amazon States Language. Adds a QueryLanguage to each state of it. */
  export default function validate(
    definition: unknown,
    options?: { readonly checkPaths?: boolean; readonly checkArn?: boolean },
  ): { readonly isValid: boolean; errorsText(separator?: string): string };
}
