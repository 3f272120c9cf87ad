/** What a live run needs to be told, beyond credentials: nothing starts by accident. */
export interface LiveSettings {
  readonly account: string;
  /** `open`: only the points that the documents leave open. */
  readonly only: 'open' | 'all';
}

/** @throws Error that says what is missing */
export function readLiveSettings(env: Readonly<Record<string, string | undefined>>): LiveSettings {
  const { CUSTODY_LIVE, CUSTODY_LIVE_ACCOUNT = '', CUSTODY_LIVE_ONLY = 'all' } = env;
  if (CUSTODY_LIVE !== '1') throw new Error('CUSTODY_LIVE=1 is not set: nothing is sent to AWS');
  if (!/^\d{12}$/.test(CUSTODY_LIVE_ACCOUNT)) {
    throw new Error(
      'CUSTODY_LIVE_ACCOUNT must name the account that the vectors may make keys and roles in (12 digits)',
    );
  }
  if (CUSTODY_LIVE_ONLY !== 'open' && CUSTODY_LIVE_ONLY !== 'all') throw new Error('CUSTODY_LIVE_ONLY is open or all');
  return { account: CUSTODY_LIVE_ACCOUNT, only: CUSTODY_LIVE_ONLY };
}
