/** SHA-256 of policies/custody.wasm, by scripts/policies.js: another policy than the one of this program is not run. */
export const POLICY_SHA256 = '398b172eb861df1782460e8d00c670462194ba9d97ff833eea171739867cf2cf';
