/** What the jobs of every scheduler have in common. */

export interface ScheduleFacts {
  /** Of the plan: the role that the job enters to read and to sign. */
  readonly automationRoleArn: string;
  readonly drillRoleArn: string;
  readonly auditorRoleArn: string | null;
  readonly region: string;
  /** Address of the custody repository. */
  readonly repository: string;
  /** Id of the automation identity on the roster. */
  readonly automation: string;
  /** Of the tool, so that a job runs what was reviewed. */
  readonly version: string;
  /** Of the plan: how long custodians may answer a challenge. */
  readonly approvalWindowSeconds: number;
}

const DAY = 86_400;
const MOST_LEAD_DAYS = 6;

/**
 * How many days before the drill its challenge is asked: a day less than answers count, for a job that is late. 0: the window is too
 * short for it.
 */
export function leadDays({ approvalWindowSeconds }: Pick<ScheduleFacts, 'approvalWindowSeconds'>): number {
  return Math.max(0, Math.min(MOST_LEAD_DAYS, Math.floor(approvalWindowSeconds / DAY) - 1));
}

/** On the first day of each quarter, as cron has it. */
export const ASKING = '17 5 1 1,4,7,10 *';

/** So many days after that; the second day where nothing is asked. */
export function drilling(facts: ScheduleFacts): string {
  return `17 5 ${1 + (leadDays(facts) || 1)} 1,4,7,10 *`;
}

/** Profiles that chain from the job's own web identity; no key is written anywhere. */
export function awsConfig(
  { automationRoleArn, drillRoleArn, auditorRoleArn, region }: ScheduleFacts,
  tokenFile: string,
): readonly string[] {
  const profile = (name: string, roleArn: string) => [
    `[profile ${name}]`,
    `region = ${region}`,
    `role_arn = ${roleArn}`,
    `web_identity_token_file = ${tokenFile}`,
    `role_session_name = custody-drill`,
  ];
  return [
    ...profile('automation', automationRoleArn),
    ...profile('drill', drillRoleArn),
    ...(auditorRoleArn === null ? [] : profile('auditor', auditorRoleArn)),
  ];
}

/** Claims about the organization need its policies, which nobody can read from within an account. */
export function verifyWords({ auditorRoleArn }: ScheduleFacts, report: string): string {
  const auditor = auditorRoleArn === null ? '' : ' --auditor-profile auditor --scp scp.json --rcp rcp.json';
  return `custody dr verify --ci --pin pin.json --profile automation --drill-profile drill${auditor} --report ${report} --repo custody`;
}

export const ASK = 'custody dr challenge --pin pin.json --profile automation --repo custody';

export const STATUS = 'custody dr status --fail-when-due --repo custody';

/** To sign, as the automation identity; only to look, as an observer, who needs no credentials. */
export function joinWords({ repository, automation }: ScheduleFacts, signs: boolean): string {
  const as = signs ? ` --as ${automation} --profile automation` : '';
  return `custody join '${repository}' custody${as} --genesis "$(cat genesis.txt)"`;
}

/** What lies beside the job, for people. */
export function besides(facts: ScheduleFacts): readonly string[] {
  const { auditorRoleArn } = facts;
  return [
    ...(leadDays(facts) === 0
      ? [
          "# The plan's approval window is too short for a challenge that is asked days ahead: a custodian drills with --wait, too.",
        ]
      : []),
    '# Beside it: pin.json (`custody pin --json`) and genesis.txt (the digest that the custodians compared).',
    ...(auditorRoleArn === null
      ? []
      : [
          '# scp.json and rcp.json are the policies of the organization (`custody policy render --roles` prints what it must hold).',
        ]),
  ];
}

/** Git over https asks for credentials; over ssh and in a folder it does not. */
export function isHttps({ repository }: ScheduleFacts): boolean {
  return repository.startsWith('https://');
}

export function hostOf({ repository }: ScheduleFacts): string {
  return new URL(repository).host;
}

export const DAILY = '17 6 * * *';
