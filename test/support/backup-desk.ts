import { type BackupDone, type BackupRun, backUp } from '../../src/lib/backup/backup.js';
import type { BackupMemory, Remembered } from '../../src/lib/backup/memory.js';
import { SIGNER_PATH } from '../../src/lib/backup/paths.js';
import { publicKeyPem } from '../../src/lib/backup/signer.js';
import { type BackupReport, verifyBackups } from '../../src/lib/backup/verify.js';
import { verifierOf } from '../../src/lib/cli/backup-trust.js';
import type { RecordStore } from '../../src/lib/record/store.js';
import { lookUp } from '../../src/lib/request/desk.js';
import type { InForce } from '../../src/lib/request/in-force.js';
import { keyStatementSigner } from '../../src/lib/signing/key-statement.js';
import type { StatementVerifier } from '../../src/lib/signing/statement-signer.js';
import { createOffice, type Desk, type Office } from './office.js';
import { CASE_DATA_KEY, createTeam, NOON, PRIMARY, type Team, type Who } from './people.js';

/** Backups of an office whose plan has one key. */

export const APP = 'arn:aws:iam::111122223333:role/app';

export function policyOf(...actions: string[]): string {
  const statement = { Sid: 'Use', Effect: 'Allow', Principal: { AWS: APP }, Action: actions, Resource: '*' };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

export function teamOfOneKey(options: Parameters<typeof createTeam>[0] = {}): Team {
  return createTeam({
    ...options,
    plan: (plan) => {
      const key = plan.keys['case-data'];
      if (!key) throw new Error('the template has no case-data');
      const one = { ...plan, keys: { 'case-data': { ...key, parent: null, multiRegion: false, replicas: [] } } };
      return options.plan ? options.plan(one) : one;
    },
  });
}

export async function createBackupOffice(team: Team = teamOfOneKey()): Promise<Office> {
  const office = await createOffice(NOON, team);
  office.aws.key(CASE_DATA_KEY, PRIMARY).policy = policyOf('kms:Decrypt');
  return office;
}

export function createBackupMemory(held: Remembered | null = null): BackupMemory & { held(): Remembered | null } {
  let now = held;
  return {
    held: () => now,
    read: async () => now,
    write: async (memory) => {
      now = memory;
    },
  };
}

export interface BackupDesk {
  readonly memory: ReturnType<typeof createBackupMemory>;
  run(change?: Partial<BackupRun>): Promise<BackupRun>;
  backUp(change?: Partial<BackupRun>): Promise<BackupDone>;
  verify(since?: number): Promise<BackupReport>;
}

/** `store` of another repository than the office's. */
export function backupDesk(desk: Desk, own?: RecordStore, memory = createBackupMemory()): BackupDesk {
  const place = { store: own ?? desk.ports.store, memory, isCustody: own === undefined };
  const run = async (change: Partial<BackupRun> = {}): Promise<BackupRun> => {
    const { ports, aws, actor } = desk;
    const state = await lookUp(ports, 'remote');
    const { plan } = state.plan;
    const signer = keyStatementSigner(actor.signer);
    const pem = publicKeyPem(signer.identity, [state.roster]);
    return {
      ports,
      state,
      place,
      signing: {
        signer,
        verifier: verifierIn(state, place.store),
        by: actor.identity.id,
        beside: new Map(pem === null ? [] : [[SIGNER_PATH, pem]]),
      },
      sources: { reader: aws.reader, roleId: aws.authority.roleId },
      scope: { kind: 'plan', plan, known: new Map(), regions: [plan.regions.primary, ...plan.regions.replicas] },
      ...change,
    };
  };
  return {
    memory,
    run,
    backUp: async (change) => backUp(await run(change)),
    verify: async (since = 1) => {
      const state = await lookUp(desk.ports, 'remote');
      if (own) await own.sync();
      const now = desk.ports.clock.now();
      return verifyBackups({ state, place, verifier: verifierIn(state, place.store), now, since });
    },
  };
}

/** Trusted roots are found in the repository alone. */
function verifierIn(state: InForce, store: RecordStore): StatementVerifier {
  return verifierOf(state, { folder: '/nonexistent', store });
}

/** A fresh machine of somebody, with a memory of its own. */
export async function coldDesk(office: Office, who: Who = 'privacy'): Promise<BackupDesk> {
  const desk = office.machine(who);
  await desk.ports.store.sync();
  return backupDesk(desk);
}

/** Status of each check by its id. */
export function statuses({ checks }: BackupReport): Readonly<Record<string, string>> {
  return Object.fromEntries(checks.map(({ id, status }) => [id, status]));
}

export function failing({ checks }: BackupReport): readonly string[] {
  return checks.filter(({ status }) => status === 'fail').map(({ id }) => id);
}
