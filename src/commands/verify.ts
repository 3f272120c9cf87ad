import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../lib/cli/base-command.js';
import { checksText, verdictExit } from '../lib/cli/checks.js';
import { readGiven } from '../lib/cli/draft.js';
import { asksForBundles, verifyGivenBundles, vouchingOf } from '../lib/cli/verify.js';
import { verifyGivenRecords } from '../lib/cli/verify-records.js';
import { MAX_RECORD_BYTES } from '../lib/record/envelope.js';
import { parseRoster } from '../lib/roster/format.js';

export default class Verify extends BaseCommand<typeof Verify> {
  static override strict = false;
  static override summary = 'Verify records or Sigstore bundles offline, by what you trust and nothing else.';
  static override description =
    'For auditors: needs no repository, no AWS and no network. Records, evidence of drills, and the manifests and heartbeats of backups beside what they sign, are judged by --roster, a roster/<n>.json that you got from someone you trust; without it, by that of the repository you stand in. With --key or --trusted-root the files are Sigstore bundles, of a key or of the one identity named by --issuer and --subject, both compared letter by letter. With --roster and --trusted-root together, seals of backups count that the identity signed, or a key of the roster with witnesses. Exit 3 unless everything is verified.';
  static override examples = [
    '<%= config.bin %> verify records/r-abcdefghij/*.json --roster roster/1.json',
    '<%= config.bin %> verify drills/2026-q4-1.json --roster roster/1.json',
    '<%= config.bin %> verify backups/*.sigstore.json --roster roster/1.json',
    '<%= config.bin %> verify backups/*.sigstore.json --roster roster/1.json --trusted-root trusted_root.json --issuer https://accounts.example.com --subject ann@example.com',
    '<%= config.bin %> verify manifest.sigstore.json --key signer.pub --artifact SHA256SUMS',
    '<%= config.bin %> verify manifest.sigstore.json --trusted-root trusted_root.json --issuer https://accounts.example.com --subject ann@example.com',
  ];
  static override args = {
    file: Args.string({ description: 'records, evidence of drills, or bundles', required: true }),
  };
  static override flags = {
    roster: Flags.string({ description: 'the roster to verify records with', helpValue: 'FILE' }),
    key: Flags.string({ description: 'a public key whose bundles count', helpValue: 'FILE', exclusive: ['roster'] }),
    'trusted-root': Flags.string({
      description: 'trusted_root.json of the Sigstore instance',
      helpValue: 'FILE',
    }),
    issuer: Flags.string({
      description: 'who vouches for the identity, exactly',
      helpValue: 'URL',
      dependsOn: ['subject', 'trusted-root'],
    }),
    subject: Flags.string({
      description: 'the identity whose bundles count, exactly',
      helpValue: 'NAME',
      dependsOn: ['issuer'],
    }),
    artifact: Flags.string({
      description: 'the file that the bundles are about',
      helpValue: 'FILE',
      exclusive: ['roster'],
    }),
  };

  async run() {
    const report = asksForBundles(this.flags)
      ? await verifyGivenBundles(this.words, this.flags)
      : await verifyGivenRecords(this.words, await this.roster(), await vouchingOf(this.flags));
    this.show(checksText(report.verdict, report.checks));
    this.endWith(verdictExit(report.verdict));
    return report;
  }

  private async roster() {
    const { roster } = this.flags;
    if (roster !== undefined) return parseRoster(await readGiven(roster, MAX_RECORD_BYTES), roster);
    return (await this.context.lookUp('local')).roster;
  }
}
