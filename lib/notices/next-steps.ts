/**
 * What a person does about a failure, by the name of its error. The message of most errors says more, with the
 * culprits' names; this is what is left when somebody reads it on a phone. docs/operating.md has the same table.
 */
export const nextSteps: Readonly<Record<string, string>> = {
  // The content was refused: nothing is tried again before it changes.
  EmptySite: "Upload the site again. To take it down on purpose, deploy the stack with allowEmpty=true.",
  NoIndex: "Upload the built site, with index.html at its top: the folder `_site`, not the one around it.",
  UnsafeKey: "Rename the files that the message names, then upload again with --delete.",
  DuplicatePath:
    "Keep one of the two files for each path that the message names, then upload again with --delete.",
  ObjectTooLarge: "Take the file out of the site, or serve it from elsewhere and link to it.",
  TooManyObjects:
    "Leave out what is no part of the site; a build folder often holds sources or old versions.",
  SiteTooLarge: "Leave out what is no part of the site, or serve large files from elsewhere.",
  DiskTooSmall: "Leave out what is no part of the site: the disk that is made of it has no room for more.",
  DiskTooLarge: "Leave out what is no part of the site: the disk that is made of it would be too large.",
  PolicyInvalid: "Correct mirage-pages.toml where the message says, then upload again.",
  RulesNotHonoured: "Correct the lines that the message names, or take `strict` out of mirage-pages.toml.",
  NeverSettled:
    "Something writes to the content bucket all the time. Find it and stop it; the next upload is deployed.",
  // Faults: content is tried again by itself, after 10 minutes at first and after 6 hours at most.
  BuildFailed:
    "Read the last lines of the build's log in the message. If the checkout is changed, undo that; then deploy the stack again.",
  ImportFailed: "Deploy the stack with the import mode that the message names.",
  ResourceGone:
    "Upload again, or wait: it is tried again by itself. If it comes back, somebody removes what the stack needs.",
  MachineUnreachable:
    "Read the console's last lines. It is tried again by itself; if no machine ever answers, try another instanceType or a longer boot.",
  WrongAnswer:
    "Nothing to do at once: it is tried again by itself. If it comes back, please report it with the message.",
  AddressTaken:
    "Release the site's address from what holds it in EC2 (Elastic IPs), or remove that; the next attempt takes it.",
  SpoolFull:
    "The site needs more temporary space than pack-site has: make it smaller, or raise ephemeralStorageSize.",
  AccessDenied:
    "Deploy the stack again from an unchanged checkout: a permission is missing, or somebody has changed one.",
  TransientFault:
    "Nothing to do: AWS did not answer, and it is tried again by itself. Look at the AWS Health Dashboard if it lasts.",
  UndoFailed:
    "Look whether the site answers. The sweep removes within the hour what the deployment has left; the next upload is deployed.",
  "States.Timeout":
    "It is tried again by itself. If it comes back, open the execution and see which state took so long.",
  // Rollbacks.
  NothingToDeploy: "Upload a site first.",
  NotKept: "Choose a release that `mirage-pages releases` shows as kept.",
  // Certificates: ordered again by itself, later each time.
  OrderFailed:
    "Do what the message says, mostly in DNS; `mirage-pages doctor` looks at it. It is tried again by itself.",
  BadCertificate:
    "It is tried again by itself. If it comes back, the authority issues what was not asked for: choose another one (parameter acme).",
  // Faults of ours.
  ContractViolation:
    "Deploy the stack again from an unchanged checkout. If it comes back, please report it with the message.",
  UnreadableRecord:
    "A record in the state bucket was changed. Bring back its version before: the bucket keeps versions.",
};

const otherwise =
  "Open the execution: the state that failed has the whole error. It is tried again by itself.";

/** What to do about an error of that name; there is always something. */
export function nextStep(error: string): string {
  return nextSteps[error] ?? otherwise;
}
