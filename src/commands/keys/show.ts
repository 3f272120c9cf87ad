import { Args, Flags } from '@oclif/core';
import { CustodyError } from '../../lib/base/errors.js';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { certificateJson, certificateScreen } from '../../lib/cli/certificate.js';
import { grantFacts, grantText } from '../../lib/cli/grant-list.js';
import { keyScreen } from '../../lib/cli/key-list.js';
import { materialFacts, materialText } from '../../lib/cli/material-list.js';
import { requestJson } from '../../lib/cli/present.js';
import { requestScreen } from '../../lib/cli/request-screen.js';
import { isRequestId } from '../../lib/record/paths.js';
import type { Case } from '../../lib/request/case.js';
import { caseOf, casesOf } from '../../lib/request/desk.js';
import { certificatesOf } from '../../lib/request/destruction.js';
import type { InForce } from '../../lib/request/in-force.js';
import type { Ports } from '../../lib/request/ports.js';
import { plannedSubject, resolveKey } from '../../lib/request/subject.js';
import { factsOfOne, type KeyLine, observeKeys } from '../../lib/status/keys.js';

export default class KeysShow extends BaseCommand<typeof KeysShow> {
  static override summary = 'One key, alive or destroyed, or one request with all its records.';
  static override examples = ['<%= config.bin %> keys show case-data', '<%= config.bin %> keys show r-abcdefghij'];
  static override args = {
    what: Args.string({ description: 'key (name, alias, id, ARN) or request id', required: true }),
  };
  static override flags = {
    offline: Flags.boolean({ default: false, description: 'a request from this clone, without the network' }),
    statements: Flags.boolean({
      default: false,
      description: "of a request for a key policy, each statement of the plan's interlock as well",
    }),
  };

  async run() {
    return isRequestId(this.args.what) ? this.showRequest() : this.showKey();
  }

  private async showRequest() {
    const state = await this.context.lookUp(this.flags.offline ? 'local' : 'remote-if-reachable');
    const { ports } = await this.context.desk();
    const found = await caseOf(ports, state, this.args.what);
    this.show(requestScreen(found, ports.clock.now(), this.flags));
    return { request: requestJson(found) };
  }

  private async showKey() {
    const state = await this.context.lookUp('remote-if-reachable');
    const { ports } = await this.context.desk();
    const { plan } = state.plan;
    const line = await this.context.access.line(plan);
    const name = plannedSubject(plan, this.args.what)?.name ?? this.args.what;
    const { cases } = await casesOf(ports, state);
    const destroyed = certificatesOf(cases, name).map(certificateJson);
    const key = await this.liveKey(state, cases, ports, line).catch((cause) => {
      // Its name is of no live key any more: then its end is what there is to tell.
      if (cause instanceof CustodyError && cause.code === 'NOT_FOUND' && destroyed.length > 0) return null;
      throw cause;
    });
    const screens = key ? [keyScreen(key.facts), materialText(key.materials), grantText(key.grants)] : [];
    this.show([...screens.filter((screen) => screen !== null), ...destroyed.map(certificateScreen)].join('\n\n'));
    return { key: key?.facts ?? null, materials: key?.materials ?? [], grants: key?.grants ?? [], destroyed };
  }

  private async liveKey(state: InForce, cases: readonly Case[], ports: Ports, line: KeyLine) {
    const { reader } = line;
    const { name } = await resolveKey(reader, state.plan.plan, state.roster.repository, this.args.what);
    const seen = await observeKeys(line, state, cases, ports.progress, { names: [name] });
    const grants = await grantFacts(ports, reader, state, seen.estate, name);
    const materials = await materialFacts(reader, seen.estate, name);
    return { facts: factsOfOne(state, seen, name, ports.clock.now()), materials, grants };
  }
}
