/** SHA-256 of policies/custody.wasm, by scripts/policies.js: another policy than the one of this program is not run. */
export const POLICY_SHA256 = '0bc62189e0d78a05893d62b7765547a4395d2345996cff0bdcd3efe3fbc1cbcf';
