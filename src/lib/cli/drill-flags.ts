import { Flags } from '@oclif/core';

const pin = Flags.string({
  env: 'CUSTODY_PIN',
  description: 'what a machine without memory must know: genesis, versions, head',
  helpValue: 'FILE',
});

/** Flags of what acts as the drill role, on machines without memory, too. */
export const drillFlags = {
  'drill-profile': Flags.string({
    description: 'profile of the drill role (else the own credentials)',
    helpValue: 'PROFILE',
  }),
  pin,
  'dry-run': Flags.boolean({ default: false, description: 'list every kind of call; make none' }),
};

/** Of what signs and publishes, and calls nothing else. */
export const pinFlags = {
  pin,
  'dry-run': Flags.boolean({ default: false, description: 'say what would be done; sign and publish nothing' }),
};
