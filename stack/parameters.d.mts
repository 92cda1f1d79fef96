/** The names of all parameters of the stack. */
export const parameterNames: readonly string[];

/** What is wrong with the values of the parameters: a sentence each, that begins with the parameter's name. */
export function parameterProblems(values: Readonly<Record<string, string | number | boolean>>): string[];

/** What is wrong with the stage and the region of a deployment, in the same form. */
export function placeProblems(place: { readonly stage: string; readonly region: string }): string[];
