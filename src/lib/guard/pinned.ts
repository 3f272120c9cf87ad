/** SHA-256 of policies/custody.wasm, by scripts/policies.js: another policy than the one of this program is not run. */
export const POLICY_SHA256 = '6c50661508e31cbe1d11485c8361a0261f6e73ba38c239a749a5a1360e34ade2';
