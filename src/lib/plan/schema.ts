import type { JsonObject } from '../base/canonical-json.js';
import { draftField } from './draft.js';

/** The JSON Schema (2020-12) of `custody.yaml` for editors: its shape, not the rules across fields. Kept as `schemas/plan.schema.json`. */
export function planSchema(): JsonObject {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'custody.yaml: the draft of a key management plan and its roster',
    ...draftField.schema,
  };
}
