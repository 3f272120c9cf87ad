import { Flags } from '@oclif/core';
import { createCopyKeeper } from '../aws/kms-copies.js';
import { type Kept, keepCopy } from '../copy/keep.js';
import type { KeyMaterial } from '../key/material.js';
import { keysVerifierOf } from './backup-place.js';
import type { Context, Seat } from './context.js';

export const copyProfileFlag = Flags.string({
  description: 'AWS profile of the drill role: keep the material under the root first',
  helpValue: 'NAME',
  dependsOn: ['material-fd'],
});

/** Keeps the material encrypted under the root, by the credentials of the drill role. @throws CustodyError as `keepCopy` */
export async function keepCopyFor(
  context: Context,
  { ports, actor, aws, plan }: Seat,
  id: string,
  { material, profile }: { readonly material: KeyMaterial; readonly profile: string },
): Promise<Kept> {
  const keeper = createCopyKeeper(await context.accessAs(profile).connection(plan));
  return keepCopy({ ports, actor, aws, keeper, verifierOf: keysVerifierOf }, id, material);
}
