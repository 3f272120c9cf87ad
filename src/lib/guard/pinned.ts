/** SHA-256 of policies/custody.wasm, by scripts/policies.js: another policy than the one of this program is not run. */
export const POLICY_SHA256 = '4d360bc9a32197770ecdf89402228953b4bc8060bcc2ccdd27bc2aa4e0a5856e';
