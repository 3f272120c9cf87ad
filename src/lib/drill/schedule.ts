import {
  ASK,
  ASKING,
  awsConfig,
  besides,
  DAILY,
  drilling,
  hostOf,
  isHttps,
  joinWords,
  leadDays,
  type ScheduleFacts,
  STATUS,
  verifyWords,
} from './schedule-parts.js';

/** CI jobs that drill by themselves: complete, without a stored secret. */

export const SCHEDULERS = ['github', 'gitlab', 'cron'] as const;
export type Scheduler = (typeof SCHEDULERS)[number];

/** A challenge and a drill a quarter, and a job a day that fails when the next drill is about to be late. */
export function scheduleText(scheduler: Scheduler, facts: ScheduleFacts): string {
  return { github, gitlab, cron }[scheduler](facts);
}

/** An expression of GitHub Actions. */
function expression(text: string): string {
  return `$\{{ ${text} }}`;
}

function github(facts: ScheduleFacts): string {
  return [
    '# .github/workflows/drill.yml, written by `custody dr schedule --github`. GitHub runs the schedules of the default branch alone.',
    ...besides(facts),
    'name: drill',
    'on:',
    '  schedule:',
    ...(leadDays(facts) > 0 ? [`    - cron: '${ASKING}'   # custodians are asked for a sign of life`] : []),
    `    - cron: '${drilling(facts)}'   # the drill of the quarter`,
    `    - cron: '${DAILY}'         # is the next one about to be late?`,
    '  workflow_dispatch:',
    'permissions: {}',
    'jobs:',
    ...(leadDays(facts) > 0 ? githubChallenge(facts) : []),
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

/** By their commits, for a tag can be moved, and the job signs; the version is for people. */
const ACTIONS = {
  checkout: 'actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1',
  setupNode: 'actions/setup-node@820762786026740c76f36085b0efc47a31fe5020 # v7.0.0',
  uploadArtifact: 'actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0',
} as const;

function githubSetUp(facts: ScheduleFacts): readonly string[] {
  return [
    `      - uses: ${ACTIONS.checkout}`,
    '        with: { persist-credentials: false }',
    `      - uses: ${ACTIONS.setupNode}`,
    '        with: { node-version: 20, package-manager-cache: false }',
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

function githubChallenge(facts: ScheduleFacts): readonly string[] {
  return [
    '  challenge:',
    `    if: github.event.schedule == '${ASKING}'`,
    ...githubSigning(facts, 10),
    `      - run: ${ASK}`,
  ];
}

function githubDrill(facts: ScheduleFacts): readonly string[] {
  return [
    '  drill:',
    `    if: github.event.schedule != '${DAILY}' && github.event.schedule != '${ASKING}'`,
    ...githubSigning(facts, 60),
    `      - run: ${verifyWords(facts, 'drill-report')}`,
    `      - uses: ${ACTIONS.uploadArtifact}`,
    '        if: always()',
    '        with: { name: drill-report, path: drill-report, retention-days: 90 }',
  ];
}

/** A job that signs as the automation identity, up to where it has joined. */
function githubSigning(facts: ScheduleFacts, minutes: number): readonly string[] {
  return [
    '    runs-on: ubuntu-latest',
    `    timeout-minutes: ${minutes}`,
    // Of these jobs alone: of those that wait in a group GitHub keeps only the newest, and the daily one must not push out a drill.
    '    concurrency: { group: drill, cancel-in-progress: false }',
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
  ];
}

function gitlab(facts: ScheduleFacts): string {
  return [
    '# .gitlab-ci.yml, written by `custody dr schedule --gitlab`. Pipeline schedules run it:',
    ...(leadDays(facts) > 0 ? [`#   DRILL=ask  ${ASKING}   custodians are asked for a sign of life`] : []),
    `#   DRILL=1    ${drilling(facts)}   the drill of the quarter`,
    `#   without    ${DAILY}         is the next one about to be late?`,
    ...besides(facts),
    ...(leadDays(facts) > 0 ? ['challenge:', ...gitlabSigning(facts, 'ask', '10m'), `    - ${ASK}`] : []),
    'drill:',
    ...gitlabSigning(facts, '1', '1h'),
    `    - ${verifyWords(facts, 'drill-report')}`,
    '  artifacts:',
    '    when: always',
    '    expire_in: 400 days',
    '    paths: [drill-report]',
    '    reports: { junit: drill-report/drill.xml }',
    'due:',
    '  image: node:20-bookworm',
    '  rules: [{ if: \'$CI_PIPELINE_SOURCE == "schedule" && $DRILL == null\' }]',
    '  timeout: 10m',
    '  script:',
    ...gitlabSetUp(facts),
    `    - ${joinWords(facts, false)}`,
    `    - ${STATUS}`,
    '',
  ].join('\n');
}

/** A job that signs as the automation identity, up to where it has joined. */
function gitlabSigning(facts: ScheduleFacts, drill: string, timeout: string): readonly string[] {
  return [
    '  image: node:20-bookworm',
    `  rules: [{ if: '$CI_PIPELINE_SOURCE == "schedule" && $DRILL == "${drill}"' }]`,
    '  resource_group: drill',
    '  environment: { name: drill, action: verify }',
    `  timeout: ${timeout}`,
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
  ];
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
    ...(leadDays(facts) > 0 ? [`${ASKING} cd "$HOME" && ${ASK}`] : []),
    `${drilling(facts)} cd "$HOME" && ${verifyWords(facts, '"drill-report-$(date +\\%Y\\%m\\%d)"')}`,
    `${DAILY} cd "$HOME" && ${STATUS}`,
    '',
  ].join('\n');
}
