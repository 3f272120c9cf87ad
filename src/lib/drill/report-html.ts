import { citedControls } from './controls.js';
import { DRILL_IDS, DRILLS } from './drills.js';
import type { Drilled } from './history.js';
import { html } from './markup.js';
import { remedyOf } from './remedy.js';
import { timelineChart, trendChart } from './report-charts.js';
import { factRows, passedWhole } from './report-markdown.js';
import { trendOf } from './trend.js';
import type { DrillCheck } from './verdict.js';

const WORD = { pass: 'pass', fail: 'fail', skip: 'unproven', none: 'not applicable' } as const;

/** One page without anything from elsewhere, for screens and paper. @param drills all of them, the reported one last */
export function htmlReport(drill: Drilled, drills: readonly Drilled[]): string {
  const { said, digest, by } = drill;
  const name = `Drill ${said.quarter}-${said.number}`;
  const trend = trendOf(drills);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(`${name}: ${said.verdict}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>${html(name)}</h1><p class="${said.verdict}">${html(said.verdict)}</p></header>
<section><h2>Facts</h2>${rows([...factRows(drill), ['evidence', `${digest}, signed by ${by}`]])}</section>
${lossesSection(said.checks)}
<section><h2>What was proven</h2><ul>${DRILL_IDS.filter((id) => passedWhole(said.checks, id))
    .map((id) => `<li>${html(DRILLS[id].proves)}</li>`)
    .join('')}</ul></section>
<section><h2>Timeline</h2>${timelineChart(said)}</section>
<section><h2>Recovery time, drill by drill</h2>${trendChart('recovery time', trend, ({ rtoSeconds }) => rtoSeconds)}</section>
<section><h2>Recovery point, drill by drill</h2>${trendChart('recovery point', trend, ({ rpoSeconds }) => rpoSeconds)}</section>
<section><h2>Checks</h2>${checksTable(said.checks)}</section>
<section><h2>Controls</h2>${controls(said.checks)}</section>
</body>
</html>
`;
}

const STYLE = `body{font:14px/1.45 system-ui,sans-serif;color:#1a1a1a;background:#fff;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;border-bottom:1px solid #bbb;margin-top:1.6rem;break-after:avoid}
header{display:flex;gap:1rem;align-items:center}
header p{margin:0;padding:.15rem .7rem;border-radius:.3rem;color:#fff;font-weight:700;print-color-adjust:exact}
p.verified{background:#0a6b2d}p.not-verified{background:#a4121b}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0}
td:last-child{width:100%;overflow-wrap:anywhere;padding-right:0}th,td.word{white-space:nowrap}td.id{min-width:11rem;max-width:16rem;overflow-wrap:anywhere}
td.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
tr{break-inside:avoid;border-bottom:1px solid #e5e5e5}th{font-weight:600}li{margin:.2rem 0}ul{padding-left:1.2rem}
.pass{color:#0a6b2d}.fail{color:#a4121b}.skip{color:#7a5a00}
svg{display:block;width:100%;height:auto;break-inside:avoid;print-color-adjust:exact}
@page{margin:15mm}@media print{body{margin:0;padding:0;max-width:none;font-size:11px}}`;

function rows(facts: readonly (readonly [string, string])[]): string {
  return `<table>${facts.map(([name, value]) => `<tr><th scope="row">${html(name)}</th><td>${html(value)}</td></tr>`).join('')}</table>`;
}

function lossesSection(checks: readonly DrillCheck[]): string {
  const open = checks.filter(({ status }) => status === 'fail' || status === 'skip');
  if (open.length === 0) return '';
  const items = open.map(
    (check) =>
      `<li class="${check.status}"><b>${html(check.id)}</b> (${WORD[check.status]}): ${html(check.detail)}. ${html(remedyOf(check) ?? '')}</li>`,
  );
  return `<section><h2>Lost and unproven</h2><ul>${items.join('')}</ul></section>`;
}

function checksTable(checks: readonly DrillCheck[]): string {
  const body = checks.map(
    ({ id, status, provesData, millis, detail }) =>
      `<tr><td class="id">${html(id).replaceAll('.', '.<wbr>')}</td><td class="word ${status}">${WORD[status]}</td><td class="word">${provesData ? 'yes' : ''}</td><td class="number">${millis}</td><td>${html(detail)}</td></tr>`,
  );
  return `<table><thead><tr><th>check</th><th>status</th><th>data</th><th>ms</th><th>what was found</th></tr></thead><tbody>${body.join('')}</tbody></table>`;
}

function controls(checks: readonly DrillCheck[]): string {
  const cited = citedControls(checks);
  if (cited.length === 0) return '<p>This run proved no clause as a whole.</p>';
  return rows(
    cited.map(({ framework, clause, about, checks: by }) => [`${framework} ${clause}`, `${about}: ${by.join(', ')}`]),
  );
}
