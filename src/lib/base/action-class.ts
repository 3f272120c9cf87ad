/** A class is one API action (with its parameters): what one approval can let through. Rules are set per class. */
export const ACTION_CLASSES = [
  'create',
  'rotate',
  'rotation',
  'rotation-off',
  'policy',
  'disable',
  'enable',
  'delete',
  'grant',
  'revoke',
  'replicate',
  'promote',
  'alias',
  'label',
  'import',
  'material-off',
  'plan',
  'roster',
  'anchor',
  'veto',
  'certify',
] as const;

export type ActionClass = (typeof ACTION_CLASSES)[number];

export type RuledClass = Exclude<ActionClass, 'veto'>;

/** Those that a plan can make rules for: a veto needs one custodian, whatever the plan says. */
export const RULED_CLASSES: readonly RuledClass[] = ACTION_CLASSES.filter((name) => name !== 'veto');
