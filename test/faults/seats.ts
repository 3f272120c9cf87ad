import { addSeconds, millisOf } from '../../src/lib/base/time.js';
import { AwsAccess } from '../../src/lib/cli/aws-access.js';
import { Context, type Seat } from '../../src/lib/cli/context.js';
import { approve, reviewRequest } from '../../src/lib/request/approve.js';
import type { Case } from '../../src/lib/request/case.js';
import type { Reach } from '../../src/lib/request/desk.js';
import { execute } from '../../src/lib/request/execute.js';
import { beat } from '../../src/lib/request/heartbeat.js';
import { openRequest, type Proposal } from '../../src/lib/request/open.js';
import type { How } from '../../src/lib/request/rotate.js';
import type { World } from '../scenarios/world.js';
import { PACKAGE_ROOT } from '../support/built.js';
import type { Player } from '../support/cli.js';

/** What commands do, in this process: a process of its own is only worth its time where it is killed. */

export const HOW: How = { reason: 'killed', executor: null };

/**
 * At the machine of a custodian, over its clone and its line to AWS, as a command finds them. What the clone knows is
 * enough for flows: they look at the remote themselves.
 */
export async function at<T>(
  world: World,
  player: Player,
  work: (seat: Seat) => Promise<T>,
  reach: Reach = 'local',
): Promise<T> {
  const flags = { repo: world.clone(player), profile: player };
  const context = new Context(flags, { json: true, packageRoot: PACKAGE_ROOT, version: '0.1.0' });
  const environment = { ...process.env, ...world.environment(player) };
  const access = new AwsAccess(flags, environment, () => undefined);
  Object.assign(context, { environment, access, progress: { ...context.progress, tell: () => undefined } });
  try {
    return await work(await context.seat(reach));
  } finally {
    await context.close();
  }
}

/** Opened by the architect, approved by two, and past its cool-off. */
export async function decide(world: World, propose: (seat: Seat) => Proposal | Promise<Proposal>): Promise<string> {
  const open = async (seat: Seat) => {
    const { ports, actor, aws } = seat;
    const opened = await openRequest(ports, actor, aws, await propose(seat));
    await sign(seat, opened.case.id);
    return opened.case.id;
  };
  const id = await at(world, 'architect', open, 'remote');
  const { state, coolUntil } = (await at(world, 'privacy', (seat) => sign(seat, id))).verdict;
  if (state === 'cooling' && coolUntil)
    await passTime(world, (millisOf(addSeconds(coolUntil, 1)) - world.serving.sandbox.nowMillis()) / 1000);
  return id;
}

/** Reviewed and approved, as `keys approve` does. */
export async function sign({ ports, actor, aws }: Seat, id: string): Promise<Case> {
  const review = await reviewRequest(ports, actor, aws, id);
  return approve(ports, actor, aws, review, review.case.request.digest);
}

/** Decided and carried out. */
export async function carryOut(world: World, propose: (seat: Seat) => Proposal | Promise<Proposal>): Promise<string> {
  const id = await decide(world, propose);
  await at(world, 'deputy', ({ ports, actor, aws }) => execute(ports, actor, aws, id));
  return id;
}

/** Time goes on, and somebody says then what the newest state is. */
export async function passTime(world: World, seconds: number): Promise<void> {
  world.serving.sandbox.advance(Math.ceil(seconds));
  await at(world, 'privacy', ({ ports, actor }) => beat(ports, actor));
}
