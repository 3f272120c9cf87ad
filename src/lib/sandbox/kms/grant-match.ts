import { grantCovers } from '../../policy/grant.js';
import type { Call } from '../service.js';
import type { Ask } from './ask.js';
import type { Target } from './identifiers.js';
import { type GrantRow, rowId, type World } from './state.js';

/**
 * Whether a grant lets the caller do `action`. A grant to the account itself counts for its users and roles only as far
 * as `delegated` says that their identity policies allow the action.
 */
export function permittingGrant(
  world: World,
  call: Call,
  target: Target,
  action: string,
  ask: Ask,
  delegated: () => boolean,
): boolean {
  const { encryptionContext = {}, child, grantTokens = [] } = ask;
  const { caller } = call;
  const asked = { operation: action, caller, encryptionContext, ...(child === undefined ? {} : { child }) };
  return grantsOn(world, target).some((grant) => {
    if (!inEffect(world, call, grant, grantTokens)) return false;
    // Nobody calls on behalf of an AWS resource here; the constraint does not apply to RetireGrant alone (GrantConstraints, SourceArn).
    if (grant.services?.sourceArn && action !== 'RetireGrant') return false;
    const covers = grantCovers(grant, asked);
    return covers === 'caller' || (covers === 'account' && delegated());
  });
}

export function grantsOn(world: World, { row }: Target): readonly GrantRow[] {
  return world.grants.group(rowId(row.region, row.keyId));
}

/** The caller is this principal: the user or role itself, or the very session. */
export function isPrincipal(call: Call, arn: string): boolean {
  return arn === call.caller.principalArn || arn === call.caller.callerArn;
}

/** A new grant works at once only for those who show its token. */
function inEffect(world: World, call: Call, grant: GrantRow, tokens: readonly string[]): boolean {
  return (
    call.nowMillis - grant.createdMillis >= world.delays.grant || grant.tokens.some((token) => tokens.includes(token))
  );
}
