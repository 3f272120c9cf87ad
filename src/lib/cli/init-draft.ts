import { CustodyError } from '../base/errors.js';
import { readFileBounded } from '../fs/files.js';
import type { Plan } from '../plan/plan.js';
import { rolesBeside } from '../plan/roles-beside.js';
import type { CustodianDraft } from '../plan/roster-draft.js';
import { SANDBOX_ACCOUNT } from '../plan/rules.js';
import { planTemplate } from '../plan/template.js';
import { askText } from './ask.js';
import type { Context } from './context.js';
import { readPublicSigner } from './signers.js';

interface InitFlags {
  readonly from?: string | undefined;
  readonly custodian?: readonly string[] | undefined;
  readonly threshold: number;
  readonly 'executor-role'?: string | undefined;
  readonly 'app-role'?: string | undefined;
  readonly replicas: string;
  readonly interlock?: boolean | undefined;
}

/** The text of `custody.yaml`: a given file, or the template filled with the custodians' public parts. */
export async function draftTextOf(context: Context, flags: InitFlags): Promise<string> {
  if (flags.from !== undefined) {
    const bytes = await readFileBounded(flags.from, 1024 * 1024);
    if (bytes === null) throw new CustodyError('NOT_FOUND', `there is no file ${flags.from}`);
    return bytes.toString('utf8');
  }
  const custodians = await Promise.all((await signerFiles(context, flags.custodian ?? [])).map(readPublicSigner));
  return fromCustodians(context, flags, custodians);
}

async function signerFiles(context: Context, given: readonly string[]): Promise<readonly string[]> {
  if (given.length > 0) return given;
  if (!context.interactive) {
    throw new CustodyError(
      'INPUT_MISSING',
      'without a terminal, --from FILE or one --custodian FILE a person is needed',
      {
        suggestions: ['Each custodian makes such a file: custody signer create --as ID --duty ROLE --json > ID.json'],
      },
    );
  }
  const files: string[] = [];
  while (files.length < 15) {
    const file = await askText(
      `Public signer file of custodian ${files.length + 1} (${files.length < 3 ? 'three at least' : 'empty to end'}):`,
      '',
    );
    if (file === '' && files.length >= 3) break;
    if (file !== '') files.push(file);
  }
  return files;
}

function fromCustodians(context: Context, flags: InitFlags, custodians: readonly CustodianDraft[]): string {
  const [, partition, , , account] = custodians[0]?.roleArn.split(':') ?? [];
  if (!account || !partition)
    throw new CustodyError('USAGE', "the custodians' role ARNs do not say which account this is about");
  const role = (name: string) => `arn:${partition}:iam::${account}:role/${name}`;
  const executorRoleArn = flags['executor-role'] ?? role('custody-executor');
  const primary = context.flags.region ?? context.environment.AWS_REGION ?? signingRegion(custodians) ?? 'us-east-1';
  return planTemplate({
    environment: account === SANDBOX_ACCOUNT ? 'sandbox' : 'aws',
    partition: partitionOf(partition),
    account,
    regions: {
      primary,
      replicas: flags.replicas
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '' && name !== primary),
    },
    appRoleArn: flags['app-role'] ?? role('app'),
    roster: {
      threshold: flags.threshold,
      custodians,
      automation: [],
      executorRoleArn,
    },
    ...(flags.interlock ? { interlock: rolesBeside(executorRoleArn) } : {}),
  });
}

/** @throws CustodyError USAGE */
function partitionOf(text: string): Plan['partition'] {
  if (text === 'aws' || text === 'aws-cn' || text === 'aws-us-gov') return text;
  throw new CustodyError('USAGE', `${text} is no partition of AWS`);
}

/** Where the custodians' own keys are is a fair guess for where the company's are. */
function signingRegion(custodians: readonly CustodianDraft[]): string | undefined {
  const arns = custodians.flatMap(({ keys }) => keys).flatMap(({ home }) => (home.type === 'kms' ? [home.arn] : []));
  return arns[0]?.split(':')[3];
}
