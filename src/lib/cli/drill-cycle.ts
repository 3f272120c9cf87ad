import { randomBytes } from 'node:crypto';
import { cycleCalls, type PlannedCall } from '../drill/calls.js';
import { openCycle } from '../drill/open-cycle.js';
import type { Context } from './context.js';
import { openRole } from './drill-scene.js';
import { callsText } from './drill-screen.js';
import { openedJson, openedText } from './open-flags.js';
import { pairs } from './render.js';

export interface CycleFlags {
  readonly reason: string;
  readonly executor?: string | undefined;
  readonly 'drill-profile'?: string | undefined;
  readonly pin?: string | undefined;
  readonly 'dry-run': boolean;
}

export type CycleResult =
  | (ReturnType<typeof openedJson> & { readonly madeKey: boolean })
  | { readonly dryRun: true; readonly calls: readonly PlannedCall[] };

/** Makes a scratch key and asks the quorum for an exercise on it. @throws CustodyError what `openCycle` throws */
export async function cycleFor(context: Context, flags: CycleFlags): Promise<CycleResult> {
  await context.requireMemory(flags.pin);
  const { ports, actor, aws, plan } = await context.seat('remote');
  if (flags['dry-run']) return { dryRun: true, calls: cycleCalls(plan) };
  const role = await openRole(context, plan, flags['drill-profile']);
  const runId = randomBytes(8).toString('hex');
  const wish = { reason: flags.reason, executor: flags.executor ?? null, runId };
  const { madeKey, ...opened } = await openCycle(ports, actor, aws, role, wish);
  return { ...openedJson(opened), madeKey };
}

/** In 80 columns: what was opened and who goes on with it. */
export function cycleText(result: CycleResult): string {
  if ('dryRun' in result) return callsText(result.calls);
  const { request } = result;
  return [
    openedText(result),
    pairs([
      ['scratch key', request.key?.arn ?? ''],
      ['then', `custody keys approve ${request.id}, by ${request.threshold} custodians`],
      ['', `custody keys execute ${request.id}${request.executor === null ? '' : `, by ${request.executor}`}`],
    ]),
  ].join('\n');
}
