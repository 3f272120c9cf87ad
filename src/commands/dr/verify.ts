import { Flags } from '@oclif/core';
import { BaseCommand } from '../../lib/cli/base-command.js';
import { drillExit, drillFor } from '../../lib/cli/drill.js';
import { drillFlags } from '../../lib/cli/drill-flags.js';
import { annotations, drillText } from '../../lib/cli/drill-screen.js';

const many = { multiple: true, multipleNonGreedy: true } as const;

export default class DrVerify extends BaseCommand<typeof DrVerify> {
  static override summary = 'Run the disaster-recovery drills and sign what they prove.';
  static override description =
    'Backups, ledger, quorum, people, Regions, data of each key, policies, the interlock, and what custodians have signed (docs/drills.md). Touches only scratch keys that it makes itself, and opens only canaries. The evidence is signed and published with a ledger entry. Verified only where data of each key came back, nothing failed and nothing was left out: a drill that was skipped is unproven; only what needs other people (cold, cycle, challenge, review) may be. Exit 3: not verified; 5: it could not be run.';
  static override examples = [
    '<%= config.bin %> dr verify --drill-profile drill --auditor-profile auditor',
    '<%= config.bin %> dr verify --drill-profile drill --only data',
    '<%= config.bin %> dr verify --drill-profile drill --auditor-profile auditor --wait 30m',
    '<%= config.bin %> dr verify --dry-run',
    '<%= config.bin %> dr verify --ci --pin pin.json --drill-profile drill --report drill-report',
  ];
  static override flags = {
    only: Flags.string({ ...many, description: 'run this drill; the others are unproven', helpValue: 'DRILL' }),
    skip: Flags.string({ ...many, description: 'leave this drill out; it is unproven', helpValue: 'DRILL' }),
    ...drillFlags,
    'auditor-profile': Flags.string({
      description: 'profile that reads keys, roles and CloudTrail (else the own credentials)',
      helpValue: 'PROFILE',
    }),
    scp: Flags.string({ ...many, description: 'a service control policy over the account', helpValue: 'FILE' }),
    rcp: Flags.string({ ...many, description: 'a resource control policy over the account', helpValue: 'FILE' }),
    trail: Flags.string({
      ...many,
      description: 'CloudTrail log files, or s3://bucket/prefix of a trail, in place of its event history',
      helpValue: 'PATH',
    }),
    wait: Flags.string({
      description: 'ask a challenge, and wait so long (30m) for the answers and an open exercise',
      helpValue: 'DURATION',
    }),
    report: Flags.string({
      description: 'write Markdown, HTML, JUnit and the evidence into this folder',
      helpValue: 'DIR',
    }),
    checks: Flags.boolean({ default: false, description: 'show each check, not only those that did not pass' }),
    ci: Flags.boolean({ default: false, description: 'an annotation for each check that did not pass, on stderr' }),
  };

  async run() {
    const answer = await drillFor(this.context, this.flags);
    this.context.progress.done();
    this.show(drillText(answer, this.flags.checks));
    if (this.flags.ci) for (const line of annotations(answer)) this.note(line);
    this.endWith(drillExit(answer));
    return answer;
  }
}
