import type { PolicyDocument } from './document.js';
import { accountOf, type Principal } from './principals.js';

/** Someone whom a policy names, or everyone else, as one who can be asked about. */
export interface Named {
  /** As the policies write it; `*` for everybody whom they do not name. */
  readonly name: string;
  readonly principal: Principal;
}

/** An account that no policy of anyone names: AWS gives out none that starts so. */
const STRANGER_ACCOUNT = '000000000001';
/** Whose session it is changes nothing: a policy that means one session names it. */
const SESSION = 'any-session';

const SESSION_ARN = /^arn:([a-z-]+):sts::(\d{12}):assumed-role\/([^/]+)\/.+$/;
const IAM_ARN = /^arn:([a-z-]+):iam::(\d{12}):(user|role)\/(.+)$/;

/** Everyone whom one of the policies names, sorted, and last the stranger. `account` is the key's own. */
export function namedIn(documents: readonly PolicyDocument[], account: string): readonly Named[] {
  const found = new Map<string, Named>();
  for (const { statements } of documents) {
    for (const { principal } of statements) {
      if (!principal) continue;
      const all = [
        ...principal.aws.map((name) => ofAccount(name, account)),
        ...principal.service.map((name) => outside('service', name)),
        ...principal.federated.map((name) => outside('federated', name)),
        ...principal.canonicalUser.map((name) => ofAccount(name, account)),
      ];
      for (const one of all) found.set(one.name, one);
    }
  }
  return [...[...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1)), stranger()];
}

function ofAccount(name: string, own: string): Named {
  const root = accountOf(name);
  if (root !== null) return rootOf(root);
  const session = SESSION_ARN.exec(name);
  if (session) {
    const [, partition = '', account = '', role = ''] = session;
    return {
      name,
      principal: {
        account,
        kind: 'role',
        principalArn: `arn:${partition}:iam::${account}:role/${role}`,
        callerArn: name,
      },
    };
  }
  const [, partition = '', account = own, kind = 'role', path = name] = IAM_ARN.exec(name) ?? [];
  const callerArn = kind === 'user' || partition === '' ? name : sessionOf(partition, account, path);
  return { name, principal: { account, kind: kind === 'user' ? 'user' : 'role', principalArn: name, callerArn } };
}

function sessionOf(partition: string, account: string, path: string): string {
  return `arn:${partition}:sts::${account}:assumed-role/${path.split('/').at(-1)}/${SESSION}`;
}

/** An account and the ARN of its root are the same principal, written in two ways. */
function rootOf(account: string): Named {
  const arn = `arn:aws:iam::${account}:root`;
  return { name: `account ${account}`, principal: { account, kind: 'root', principalArn: arn, callerArn: arn } };
}

function outside(kind: 'service' | 'federated', name: string): Named {
  return { name, principal: { account: '', kind, principalArn: name, callerArn: name } };
}

function stranger(): Named {
  const arn = `arn:aws:iam::${STRANGER_ACCOUNT}:role/stranger`;
  const callerArn = sessionOf('aws', STRANGER_ACCOUNT, 'stranger');
  return { name: '*', principal: { account: STRANGER_ACCOUNT, kind: 'role', principalArn: arn, callerArn } };
}
