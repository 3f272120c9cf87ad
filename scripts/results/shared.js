// What several commands answer.
import { count, list, nullable, object, oneOf, use } from './shapes.js';

export const verdict = oneOf('verified', 'refused', 'unproven');
export const report = { verdict, checks: list(use('check')) };
export const head = object({ size: count, digest: nullable(use('digest')) });
export const hex64 = { type: 'string', pattern: '^[0-9a-f]{64}$' };
