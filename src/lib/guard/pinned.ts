/** SHA-256 of policies/custody.wasm, by scripts/policies.js: another policy than the one of this program is not run. */
export const POLICY_SHA256 = '647a8f10d08b3f4c4d8a0a496f95881b20601215641d265e19d7e6fcd3e50355';
