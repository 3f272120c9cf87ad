/** SHA-256 of policies/custody.wasm, by scripts/policies.js: another policy than the one of this program is not run. */
export const POLICY_SHA256 = 'ec04420465d94408e9ddd33f73826f76536b8bbf5ad452e51eb6609d2ec90ff7';
