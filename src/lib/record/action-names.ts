/** Everything that a quorum can authorise. The table that says what each one does is in action.ts. */
export const ACTION_NAMES = [
  'key.create',
  'key.rotate',
  'key.rotation',
  'key.policy',
  'key.alias-create',
  'key.alias-move',
  'key.alias-delete',
  'key.tag',
  'key.untag',
  'key.describe',
  'key.grant',
  'key.revoke',
  'key.retire',
  'key.replicate',
  'key.promote',
  'key.import',
  'key.material-off',
  'key.rotate-imported',
  'plan.update',
  'roster.update',
] as const;

export type ActionName = (typeof ACTION_NAMES)[number];
