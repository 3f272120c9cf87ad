/** CI jobs that drill by themselves: complete, without a stored secret. */

export const SCHEDULERS = ['github', 'gitlab', 'cron'] as const;
export type Scheduler = (typeof SCHEDULERS)[number];

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
}

/** A job a quarter, and one a day that fails when the next drill is about to be late. */
export function scheduleText(scheduler: Scheduler, facts: ScheduleFacts): string {
  return { github, gitlab, cron }[scheduler](facts);
}

/** Profiles that chain from the job's own web identity; no key is written anywhere. */
function awsConfig(
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

function verifyWords({ auditorRoleArn }: ScheduleFacts, report: string): string {
  const auditor = auditorRoleArn === null ? '' : ' --auditor-profile auditor';
  return `custody dr verify --ci --pin pin.json --profile automation --drill-profile drill${auditor} --report ${report} --repo custody`;
}

function joinWords(repository: string, automation: string): string {
  return `custody join '${repository}' custody --as ${automation} --genesis "$(cat genesis.txt)"`;
}

/** An expression of GitHub Actions. */
function expression(text: string): string {
  return `$\{{ ${text} }}`;
}

const TEMP = expression('runner.temp');
const DAILY = '17 6 * * *';

function github(facts: ScheduleFacts): string {
  return [
    '# .github/workflows/drill.yml, written by `custody dr schedule --github`. Beside it in the repository of the job:',
    '# pin.json (`custody pin --json`) and genesis.txt (the digest that the custodians compared).',
    'name: drill',
    'on:',
    '  schedule:',
    "    - cron: '17 5 2 1,4,7,10 *'   # the second day of each quarter",
    `    - cron: '${DAILY}'          # is the next one about to be late?`,
    '  workflow_dispatch:',
    'permissions: { contents: read, id-token: write }',
    'concurrency: { group: drill, cancel-in-progress: false }',
    'jobs:',
    ...githubDrill(facts),
    '  due:',
    `    if: github.event.schedule == '${DAILY}'`,
    '    runs-on: ubuntu-latest',
    '    timeout-minutes: 10',
    '    steps:',
    ...githubSetUp(facts),
    '      - run: custody dr status --fail-when-due --repo custody',
    '',
  ].join('\n');
}

function githubSetUp({ version, repository, automation }: ScheduleFacts): readonly string[] {
  return [
    '      - uses: actions/checkout@v4',
    '        with: { persist-credentials: false }',
    '      - uses: actions/setup-node@v4',
    '        with: { node-version: 20 }',
    `      - run: npm install --global custody@${version}`,
    `      - run: ${joinWords(repository, automation)}`,
  ];
}

function githubDrill(facts: ScheduleFacts): readonly string[] {
  return [
    '  drill:',
    `    if: github.event.schedule != '${DAILY}'`,
    '    runs-on: ubuntu-latest',
    '    timeout-minutes: 60',
    '    environment: drill',
    `    env: { AWS_CONFIG_FILE: "${TEMP}/aws-config", CUSTODY_AS: ${facts.automation} }`,
    '    steps:',
    ...githubSetUp(facts),
    '      - name: Identity of this job',
    '        run: |',
    '          curl -sSf -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \\',
    `            "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com" | jq -er .value > "${TEMP}/oidc-token"`,
    '          cat > "$AWS_CONFIG_FILE" <<EOF',
    ...awsConfig(facts, `${TEMP}/oidc-token`).map((line) => `          ${line}`),
    '          EOF',
    `      - run: ${verifyWords(facts, 'drill-report')}`,
    '      - uses: actions/upload-artifact@v4',
    '        if: always()',
    '        with: { name: drill-report, path: drill-report, retention-days: 90 }',
  ];
}

function gitlab(facts: ScheduleFacts): string {
  const setUp = [
    `    - npm install --global custody@${facts.version}`,
    `    - ${joinWords(facts.repository, facts.automation)}`,
  ];
  return [
    '# .gitlab-ci.yml, written by `custody dr schedule --gitlab`. Two pipeline schedules run it: one a quarter with DRILL=1, and',
    '# one a day without. Beside it: pin.json (`custody pin --json`) and genesis.txt (the digest that the custodians compared).',
    'drill:',
    '  image: node:20-bookworm',
    '  rules: [{ if: \'$CI_PIPELINE_SOURCE == "schedule" && $DRILL == "1"\' }]',
    '  resource_group: drill',
    '  timeout: 1h',
    '  id_tokens: { OIDC_TOKEN: { aud: sts.amazonaws.com } }',
    `  variables: { AWS_CONFIG_FILE: /tmp/aws-config, CUSTODY_AS: ${facts.automation} }`,
    '  script:',
    ...setUp,
    '    - printf %s "$OIDC_TOKEN" > /tmp/oidc-token',
    '    - |',
    '      cat > "$AWS_CONFIG_FILE" <<EOF',
    ...awsConfig(facts, '/tmp/oidc-token').map((line) => `      ${line}`),
    '      EOF',
    `    - ${verifyWords(facts, 'drill-report')}`,
    '  artifacts:',
    '    when: always',
    '    expire_in: 400 days',
    '    paths: [drill-report]',
    '    reports: { junit: drill-report/drill.xml }',
    'due:',
    '  image: node:20-bookworm',
    '  rules: [{ if: \'$CI_PIPELINE_SOURCE == "schedule" && $DRILL != "1"\' }]',
    '  timeout: 10m',
    '  script:',
    ...setUp,
    '    - custody dr status --fail-when-due --repo custody',
    '',
  ].join('\n');
}

function cron(facts: ScheduleFacts): string {
  return [
    '# crontab(5), written by `custody dr schedule --cron`, for a machine whose profiles get their credentials from its own',
    '# identity (instance role, IAM Roles Anywhere): nothing secret stands here. custody and its clone are set up there.',
    `CUSTODY_AS=${facts.automation}`,
    `17 5 2 1,4,7,10 * cd "$HOME" && ${verifyWords(facts, '"$HOME/drill-report-$(date +\\%Y\\%m\\%d)"')}`,
    '17 6 * * * cd "$HOME" && custody dr status --fail-when-due --repo custody',
    '',
  ].join('\n');
}
