import type { Certificate } from '../request/destruction.js';
import { heading, pairs } from './render.js';

/** A certificate of destruction as `--json` prints it. */
export function certificateJson({ case: found, deletion, at }: Certificate) {
  const approvals = found.verdict.approvals.filter(({ counted }) => counted);
  return {
    key: { ...deletion.key, region: deletion.region },
    certificate: found.id,
    certifiedAt: at,
    certifiedBy: approvals.map(({ signer }) => signer?.id ?? ''),
    deletion: deletion.case.id,
    scheduledAt: deletion.at,
    windowEndedAt: deletion.endsAt,
  };
}

/** The same for people. */
export function certificateScreen(certificate: ReturnType<typeof certificateJson>): string {
  const { key, certifiedBy } = certificate;
  return [
    heading(`${key.name}  destroyed`),
    pairs([
      ['arn', key.arn ?? ''],
      ['deleted', `${certificate.scheduledAt}, by ${certificate.deletion}`],
      ['window ended', certificate.windowEndedAt],
      ['certified', `${certificate.certifiedAt}, by ${certificate.certificate}: ${certifiedBy.join(', ')}`],
      ['verify', `custody verify records/${certificate.certificate}/*.json`],
    ]),
  ].join('\n');
}
