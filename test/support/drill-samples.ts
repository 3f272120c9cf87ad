import { digestOf } from '../../src/lib/base/bytes.js';
import { addSeconds, type Instant } from '../../src/lib/base/time.js';
import { DRILL_IDS, DRILLS, type DrillId } from '../../src/lib/drill/drills.js';
import type { DrillPredicate } from '../../src/lib/drill/evidence.js';
import type { Drilled } from '../../src/lib/drill/history.js';
import { quarterOf } from '../../src/lib/drill/quarter.js';
import { recoveryTime } from '../../src/lib/drill/recovery.js';
import { type DrillCheck, judgeDrill } from '../../src/lib/drill/verdict.js';
import { HEAD, REPOSITORY, TOOL } from './people.js';

/** A line of drills as a company has them after some years; nothing of it is signed. */

const DAY = 86_400;
const FIRST = '2024-01-02T05:17:00.000Z' as Instant;
const KEYS = ['root', 'case-data', 'audit-ledger', 'telemetry-short', 'webauthn'];
const MILLIS: Readonly<Record<DrillId, number>> = {
  backup: 2900,
  ledger: 210,
  quorum: 40,
  people: 3,
  regions: 900,
  data: 640,
  rewrap: 60,
  policies: 3300,
  material: 400,
  interlock: 5200,
  cold: 300,
  cycle: 1,
  challenge: 10,
  review: 700,
};

export function sampleChecks(loss: string | null, factor = 1): readonly DrillCheck[] {
  return DRILL_IDS.flatMap((drill) => {
    const about = DRILLS[drill].provesData ? KEYS : ['history', 'complete', 'copy-1'];
    return about.map((what): DrillCheck => {
      const id = `${drill}.${what}`;
      const lost = id === loss;
      return {
        id,
        drill,
        key: DRILLS[drill].provesData ? what : null,
        status: lost ? 'fail' : 'pass',
        provesData: DRILLS[drill].provesData && !lost,
        millis: Math.round((MILLIS[drill] * factor) / about.length),
        detail: lost
          ? `${what} is not what it was`
          : `what was found of ${what} is what was expected there, and the same as at the last drill`,
      };
    });
  });
}

/** `count` quarterly drills, oldest first; every seventh has lost something. */
export function sampleDrills(count: number): readonly Drilled[] {
  const line: Drilled[] = [];
  for (let at = 0; at < count; at++) {
    const startedAt = addSeconds(FIRST, at * 91 * DAY);
    const checks = sampleChecks(at % 7 === 3 ? 'backup.copy-1' : null, 1 + (at % 5) / 4);
    const { millis, steps } = recoveryTime(checks);
    const said: DrillPredicate = {
      tool: TOOL,
      repository: REPOSITORY,
      account: '111122223333',
      quarter: quarterOf(startedAt),
      number: 1,
      previous: line.at(-1)?.digest ?? null,
      startedAt,
      finishedAt: addSeconds(startedAt, 14),
      verdict: judgeDrill(checks, KEYS).verdict,
      planVersion: 1,
      planDigest: digestOf('plan'),
      rosterVersion: 1,
      rosterDigest: digestOf('roster'),
      keys: KEYS,
      backup: { sequence: at + 1, manifest: digestOf(`manifest ${at}`), createdAt: startedAt },
      ledger: { entries: 100 * at + 7, head: digestOf(`entry ${at}`) },
      commit: HEAD,
      recovery: {
        timeMillis: millis,
        pointSeconds: 3600,
        timeObjectiveSeconds: 14_400,
        pointObjectiveSeconds: 86_400,
        steps: [...steps],
      },
      checks: [...checks],
      canaries: [],
      scratch: [],
    };
    line.push({ path: `drills/${said.quarter}-1.json`, digest: digestOf(`drill ${at}`), said, by: 'ci' });
  }
  return line;
}
