/** The name of the one pair in the encryption context of a canary; its value is the key's name in the plan. */
export const CANARY_CONTEXT = 'custody:canary';
