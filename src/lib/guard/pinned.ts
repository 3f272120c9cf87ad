/** SHA-256 of policies/custody.wasm, by scripts/policies.js: another policy than the one of this program is not run. */
export const POLICY_SHA256 = '8b196a896ca0103c6ff2e224cb9ab87df755588f4aa535d9d534f8ebfd8772ee';
