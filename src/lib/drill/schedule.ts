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

/** Claims about the organization need its policies, which nobody can read from within an account. */
function verifyWords({ auditorRoleArn }: ScheduleFacts, report: string): string {
  const auditor = auditorRoleArn === null ? '' : ' --auditor-profile auditor --scp scp.json --rcp rcp.json';
  return `custody dr verify --ci --pin pin.json --profile automation --drill-profile drill${auditor} --report ${report} --repo custody`;
}

const STATUS = 'custody dr status --fail-when-due --repo custody';

/** To sign, as the automation identity; only to look, as an observer, who needs no credentials. */
function joinWords({ repository, automation }: ScheduleFacts, signs: boolean): string {
  const as = signs ? ` --as ${automation} --profile automation` : '';
  return `custody join '${repository}' custody${as} --genesis "$(cat genesis.txt)"`;
}

/** What lies beside the job, for people. */
function besides({ auditorRoleArn }: ScheduleFacts): readonly string[] {
  return [
    '# Beside it: pin.json (`custody pin --json`) and genesis.txt (the digest that the custodians compared).',
    ...(auditorRoleArn === null
      ? []
      : [
          '# scp.json and rcp.json are the policies of the organization (`custody policy render --roles` prints what it must hold).',
        ]),
  ];
}

/** Git over https asks for credentials; over ssh and in a folder it does not. */
function isHttps({ repository }: ScheduleFacts): boolean {
  return repository.startsWith('https://');
}

function hostOf({ repository }: ScheduleFacts): string {
  return new URL(repository).host;
}

/** An expression of GitHub Actions. */
function expression(text: string): string {
  return `$\{{ ${text} }}`;
}

const DAILY = '17 6 * * *';

function github(facts: ScheduleFacts): string {
  return [
    '# .github/workflows/drill.yml, written by `custody dr schedule --github`.',
    ...besides(facts),
    'name: drill',
    'on:',
    '  schedule:',
    "    - cron: '17 5 2 1,4,7,10 *'   # the second day of each quarter",
    `    - cron: '${DAILY}'          # is the next one about to be late?`,
    '  workflow_dispatch:',
    'permissions: {}',
    'concurrency: { group: drill, cancel-in-progress: false }',
    'jobs:',
    ...githubDrill(facts),
    '  due:',
    `    if: github.event.schedule == '${DAILY}'`,
    '    runs-on: ubuntu-latest',
    '    timeout-minutes: 10',
    '    permissions: { contents: read }',
    '    steps:',
    ...githubSetUp(facts),
    `      - run: ${joinWords(facts, false)}`,
    `      - run: ${STATUS}`,
    '',
  ].join('\n');
}

function githubSetUp(facts: ScheduleFacts): readonly string[] {
  return [
    '      - uses: actions/checkout@v4',
    '        with: { persist-credentials: false }',
    '      - uses: actions/setup-node@v4',
    '        with: { node-version: 20 }',
    `      - run: npm install --global custody@${facts.version}`,
    ...(isHttps(facts)
      ? [
          "      - name: Git uses this job's own token",
          `        env: { TOKEN: "${expression('github.token')}" }`,
          '        run: |',
          `          echo "https://x-access-token:$TOKEN@${hostOf(facts)}" > "$RUNNER_TEMP/git-credentials"`,
          '          git config --global credential.helper "store --file=$RUNNER_TEMP/git-credentials"',
        ]
      : []),
  ];
}

function githubDrill(facts: ScheduleFacts): readonly string[] {
  return [
    '  drill:',
    `    if: github.event.schedule != '${DAILY}'`,
    '    runs-on: ubuntu-latest',
    '    timeout-minutes: 60',
    '    environment: drill',
    '    permissions: { contents: write, id-token: write }',
    '    steps:',
    ...githubSetUp(facts),
    '      - name: Identity of this job',
    '        run: |',
    '          curl -sSf -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \\',
    '            "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com" | jq -er .value > "$RUNNER_TEMP/oidc-token"',
    '          echo "AWS_CONFIG_FILE=$RUNNER_TEMP/aws-config" >> "$GITHUB_ENV"',
    '          cat > "$RUNNER_TEMP/aws-config" <<EOF',
    ...awsConfig(facts, '$RUNNER_TEMP/oidc-token').map((line) => `          ${line}`),
    '          EOF',
    `      - run: ${joinWords(facts, true)}`,
    `      - run: ${verifyWords(facts, 'drill-report')}`,
    '      - uses: actions/upload-artifact@v4',
    '        if: always()',
    '        with: { name: drill-report, path: drill-report, retention-days: 90 }',
  ];
}

function gitlab(facts: ScheduleFacts): string {
  return [
    '# .gitlab-ci.yml, written by `custody dr schedule --gitlab`. Two pipeline schedules run it: one a quarter with DRILL=1, and',
    '# one a day without.',
    ...besides(facts),
    'drill:',
    '  image: node:20-bookworm',
    '  rules: [{ if: \'$CI_PIPELINE_SOURCE == "schedule" && $DRILL == "1"\' }]',
    '  resource_group: drill',
    '  environment: { name: drill, action: verify }',
    '  timeout: 1h',
    '  id_tokens: { OIDC_TOKEN: { aud: sts.amazonaws.com } }',
    '  script:',
    ...gitlabSetUp(facts),
    '    - export AWS_CONFIG_FILE="$HOME/aws-config"',
    '    - printf %s "$OIDC_TOKEN" > "$HOME/oidc-token"',
    '    - |',
    '      cat > "$AWS_CONFIG_FILE" <<EOF',
    ...awsConfig(facts, '$HOME/oidc-token').map((line) => `      ${line}`),
    '      EOF',
    `    - ${joinWords(facts, true)}`,
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
    ...gitlabSetUp(facts),
    `    - ${joinWords(facts, false)}`,
    `    - ${STATUS}`,
    '',
  ].join('\n');
}

function gitlabSetUp(facts: ScheduleFacts): readonly string[] {
  return [
    `    - npm install --global custody@${facts.version}`,
    ...(isHttps(facts)
      ? [
          `    - echo "https://gitlab-ci-token:$CI_JOB_TOKEN@${hostOf(facts)}" > "$HOME/git-credentials"`,
          '    - git config --global credential.helper "store --file=$HOME/git-credentials"',
        ]
      : []),
  ];
}

function cron(facts: ScheduleFacts): string {
  return [
    '# crontab(5), written by `custody dr schedule --cron`, for a machine whose profiles automation, drill and auditor get their',
    '# credentials from its own identity (instance role, IAM Roles Anywhere): nothing secret stands here. custody and its clone',
    '# are set up there.',
    ...besides(facts),
    'PATH=/usr/local/bin:/usr/bin:/bin',
    `CUSTODY_AS=${facts.automation}`,
    `17 5 2 1,4,7,10 * cd "$HOME" && ${verifyWords(facts, '"drill-report-$(date +\\%Y\\%m\\%d)"')}`,
    `${DAILY} cd "$HOME" && ${STATUS}`,
    '',
  ].join('\n');
}
