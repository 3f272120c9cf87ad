import type { RenderedKey, RenderedOrganization, RenderedPolicy, RenderedRole } from './render.js';

/**
 * The policies as Terraform (HCL, provider hashicorp/aws 6: `region` on each resource). Each policy stands there as the very
 * bytes that were rendered: canonical JSON in a heredoc, since a layout of Terraform's own would no longer fit KMS's limit.
 */
export function terraformOf(policies: readonly RenderedPolicy[]): string {
  const blocks = policies.flatMap((policy) => {
    switch (policy.kind) {
      case 'key':
        return [keyBlock(policy)];
      case 'role':
        return roleBlocks(policy, policies);
      case 'trust':
        return [];
      default:
        return [organizationBlock(policy)];
    }
  });
  return `${blocks.join('\n\n')}\n`;
}

function keyBlock({ name, keyId, region, policy }: RenderedKey): string {
  return block('aws_kms_key_policy', name, [
    `region = ${quoted(region)}`,
    `key_id = ${quoted(keyId)}`,
    `policy = ${heredoc(policy)}`,
    'bypass_policy_lockout_safety_check = false',
  ]);
}

/** A role whose trust is known is Terraform's to make; of any other only the policy is. */
function roleBlocks(role: RenderedRole, policies: readonly RenderedPolicy[]): readonly string[] {
  const trust = policies.find(
    (other): other is RenderedRole => other.kind === 'trust' && other.roleArn === role.roleArn,
  );
  const path = role.roleArn.slice(role.roleArn.indexOf(':role/') + ':role'.length);
  const roleName = path.slice(path.lastIndexOf('/') + 1);
  const attached = trust ? `aws_iam_role.${identifier(role.name)}.name` : quoted(roleName);
  const own = block('aws_iam_role_policy', role.name, [
    'name = "custody"',
    `role = ${attached}`,
    `policy = ${heredoc(role.policy)}`,
  ]);
  if (!trust) return [own];
  const made = block('aws_iam_role', role.name, [
    `name = ${quoted(roleName)}`,
    `path = ${quoted(path.slice(0, path.lastIndexOf('/') + 1))}`,
    `assume_role_policy = ${heredoc(trust.policy)}`,
    ...(role.slots ? [SLOTS_STAY] : []),
  ]);
  return [made, own];
}

/** The tags of an executor are approvals: an apply would wipe them out. A role made anew is another one to KMS. */
const SLOTS_STAY = `lifecycle {
    prevent_destroy = true
    ignore_changes  = [tags, tags_all]
  }`;

const TYPES = { scp: 'SERVICE_CONTROL_POLICY', rcp: 'RESOURCE_CONTROL_POLICY' } as const;

function organizationBlock({ kind, name, policy }: RenderedOrganization): string {
  return block('aws_organizations_policy', name, [
    `name = ${quoted(`custody-${kind}`)}`,
    `type = ${quoted(TYPES[kind])}`,
    `content = ${heredoc(policy)}`,
  ]);
}

function block(type: string, name: string, lines: readonly string[]): string {
  return [`resource "${type}" "${identifier(name)}" {`, ...lines.map((line) => `  ${line}`), '}'].join('\n');
}

function identifier(name: string): string {
  return `custody_${name.replace(/[^A-Za-z0-9]/g, '_')}`;
}

/** Terraform reads `${` and `%{` as its own, also in a heredoc ("Strings and Templates"). */
function escaped(text: string): string {
  return text.replaceAll('${', '$$${').replaceAll('%{', '%%{');
}

function quoted(text: string): string {
  return `"${escaped(text)}"`;
}

/** Without the line end that a heredoc adds. */
function heredoc(text: string): string {
  return `chomp(<<POLICY\n${escaped(text)}\nPOLICY\n  )`;
}
