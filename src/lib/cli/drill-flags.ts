import { Flags } from '@oclif/core';

/** Flags of what acts as the drill role, on machines without memory, too. */
export const drillFlags = {
  'drill-profile': Flags.string({
    description: 'profile of the drill role (else the own credentials)',
    helpValue: 'PROFILE',
  }),
  pin: Flags.string({
    env: 'CUSTODY_PIN',
    description: 'what a machine without memory must know: genesis, versions, head',
    helpValue: 'FILE',
  }),
  'dry-run': Flags.boolean({ default: false, description: 'list every kind of call; make none' }),
};
