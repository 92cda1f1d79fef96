import { confirm, input } from "@inquirer/prompts";
import { asked, question } from "../output/prompt.ts";
import { type Answers, problemsOf } from "./arguments.ts";

/** What is known before anything is asked. */
type Given = Partial<Answers> & Pick<Answers, "stage">;

/** Asks at the terminal; what was given as an option is the answer that is offered. Throws Interrupted at Ctrl-C. */
export async function ask(given: Given): Promise<Answers> {
  const nothing: Answers = {
    ...{ domain: "", aliases: "", email: "", hostedZone: "", region: "us-east-1" },
    stage: given.stage,
  };
  /** An answer is checked as the parameter that it becomes; what goes with it only at the end. */
  const text = (name: keyof Answers, message: string, before: Answers, offered = "") =>
    input({
      message: question(message),
      default: given[name] ?? offered,
      validate: async (answer) => (await problemsOf({ ...before, [name]: answer.trim() }))[0] ?? true,
    }).then((answer) => answer.trim());
  const questions = async () => {
    let answers = nothing;
    const learn = (known: Partial<Answers>) => {
      answers = { ...answers, ...known };
    };
    learn({ region: await text("region", "AWS region:", answers, process.env.AWS_REGION ?? "us-east-1") });
    learn({ domain: await text("domain", "Domain of the site (empty: its address alone):", answers) });
    if (answers.domain !== "") {
      const www = `www.${answers.domain}`;
      if (await confirm({ message: question(`Serve ${www} as well?`), default: true }))
        learn({ aliases: www });
      learn({
        hostedZone: await text(
          "hostedZone",
          "Id of its Route 53 zone, as Z0123456789 (empty: none):",
          answers,
        ),
      });
    }
    learn({ email: await text("email", "E-mail address for notifications (empty: none):", answers) });
    return answers;
  };
  return asked(questions, "Nothing was written, and nothing goes on.");
}
