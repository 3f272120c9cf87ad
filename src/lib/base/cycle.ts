/** The name of the scratch key of an exercise, in requests and approval slots; no plan has a key of this name. */
export const CYCLE_KEY = 'drill-cycle';
/** In the place of an alias: a scratch key has none. */
export const CYCLE_ALIAS = 'none';
/** The value of the tag on such a key: whose run made it. */
export const CYCLE_RUN = /^cycle-[0-9a-f]{16}$/;
/** What an exercise asks for on its key: automatic rotation, so late that no such key lives to see it. */
export const CYCLE_ROTATION_DAYS = 365;
