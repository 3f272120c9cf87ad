/** SHA-256 of policies/custody.wasm, by scripts/policies.js: another policy than the one of this program is not run. */
export const POLICY_SHA256 = 'cf359dd189fa446d4f2277f01a771f2030715f46ccaef96a1226f26c800c0cfb';
