import type { PolicyLevels } from '../evaluate.js';
import type { Context } from '../keys.js';
import type { Person } from './people.js';

const KEY = 'aws:principalorgid';
const ID = /^o-[a-z0-9]{10,32}$/;

/**
 * What is settled of everyone of an account under resource control policies: that he is of their organization. Its id is the one
 * that they name; where they name none, or several, nothing is settled.
 */
export function membershipOf(policies: PolicyLevels): (person: Person, account: string, context: Context) => Context {
  const conditions = policies.flat().flatMap(({ statements }) => statements.flatMap((one) => one.conditions));
  const named = conditions.filter(({ key }) => key.toLowerCase() === KEY).flatMap(({ values }) => values);
  const [id, ...more] = new Set(named);
  if (id === undefined || more.length > 0 || !ID.test(id)) return (_person, _account, context) => context;
  return ({ principal }, account, context) => {
    const member = principal.account === account && ['role', 'user', 'root'].includes(principal.kind);
    const said = Object.keys(context).some((name) => name.toLowerCase() === KEY);
    return member && !said ? { ...context, 'aws:PrincipalOrgID': id } : context;
  };
}
