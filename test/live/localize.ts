import type { Fact } from '../support/facts/fact.js';

/** Where a live run takes place. */
export interface Place {
  readonly account: string;
  /** ARN of the user or role whose credentials the run has. */
  readonly adminArn: string;
  /** In front of every name that the run makes: `custody-live-1a2b3c-`. */
  readonly prefix: string;
}

const ADMIN = 'arn:aws:iam::111122223333:role/admin';
/** Stands for the caller while names are changed: its own name keeps. */
const MARK = '\u0001';

/** The same story in another account: its account id, its caller, and names that nobody else has. `own` tells the facts of a run apart. */
export function localize<T extends Pick<Fact, 'requests'>>(
  story: T,
  { account, adminArn, prefix }: Place,
  own: string,
): T {
  const named = `${prefix}${own}`;
  const text = JSON.stringify(story)
    .replaceAll(ADMIN, MARK)
    .replaceAll('111122223333', account)
    .replace(/\brole\/(\w)/g, (_, first: string) => `role/${named}${first}`)
    .replaceAll(/\brole\/[\w-]*?(seat|other)\b/g, (_, name: string) => `role/${prefix}${name}`)
    .replace(/"(RoleName|roleName|PolicyName)":"/g, (_, member: string) => `"${member}":"${named}`)
    .replace(/(?<!:aws):policy\/(\w)/g, (_, first: string) => `:policy/${named}${first}`)
    .replaceAll('token.example.com/', `token.example.com/${named}`)
    .replace(/\balias\/(?!aws\/)(\w)/g, (_, first: string) => `alias/${named}${first}`)
    .replaceAll(MARK, adminArn);
  return JSON.parse(text) as T;
}
