import { afterAll, beforeAll, it } from 'vitest';
import { World } from '../scenarios/world.js';
import { expectNothingLost, filesOf } from './whole.js';

/** Copies are made of a stopped world, and a loaded machine takes long over the ceremony. */
const LIMIT_MILLIS = 600_000;

/** Tells a story in a copy of the founded world; whatever is killed in it, nothing that was in the repository may be lost. */
export type Tell = (name: string, tell: (world: World) => Promise<void>) => void;

/**
 * Founds a world once for a file of stories, which run side by side.
 * @param prepare what else every story begins with
 */
export function foundedWorld(prepare: (world: World) => Promise<unknown> = async () => undefined): Tell {
  let founded: World | undefined;
  beforeAll(async () => {
    founded = await World.open();
    await prepare(founded);
    await founded.stop();
  }, LIMIT_MILLIS);
  afterAll(() => founded?.close());
  return (name, tell) =>
    it.concurrent(
      name,
      async () => {
        if (founded === undefined) throw new Error('the world was not founded');
        const world = await founded.copy();
        const kept = filesOf(world);
        try {
          await tell(world);
          expectNothingLost(world, kept);
        } finally {
          await world.close();
        }
      },
      LIMIT_MILLIS,
    );
}
