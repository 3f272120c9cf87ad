import { citedControls } from './controls.js';
import { DRILL_IDS, DRILLS } from './drills.js';
import type { Drilled } from './history.js';
import { factRows, passedWhole } from './report-markdown.js';
import { type TrendPoint, trendOf } from './trend.js';
import type { DrillCheck } from './verdict.js';

const WORD = { pass: 'pass', fail: 'fail', skip: 'unproven', none: 'not applicable' } as const;

/** One page without anything from elsewhere, for screens and paper. @param drills all of them, the reported one last */
export function htmlReport(drill: Drilled, drills: readonly Drilled[]): string {
  const { said, digest, by } = drill;
  const title = `Drill ${said.quarter}-${said.number}: ${said.verdict}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>${html(title)}</h1><p class="${said.verdict}">${html(said.verdict)}</p></header>
<section><h2>Facts</h2>${rows([...factRows(drill), ['evidence', `${digest}, signed by ${by}`]])}</section>
${lossesSection(said.checks)}
<section><h2>What was proven</h2><ul>${DRILL_IDS.filter((id) => passedWhole(said.checks, id))
    .map((id) => `<li>${html(DRILLS[id].proves)}</li>`)
    .join('')}</ul></section>
<section><h2>Timeline</h2>${timeline(said.checks)}</section>
<section><h2>Trend</h2>${trendChart(trendOf(drills))}</section>
<section><h2>Checks</h2>${checksTable(said.checks)}</section>
<section><h2>Controls</h2>${controls(said.checks)}</section>
</body>
</html>
`;
}

const STYLE = `body{font:14px/1.45 system-ui,sans-serif;color:#1a1a1a;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;border-bottom:1px solid #bbb;margin-top:1.6rem}
header{display:flex;justify-content:space-between;align-items:baseline}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;overflow-wrap:anywhere}
tr{break-inside:avoid;border-bottom:1px solid #e5e5e5}th{font-weight:600}
.verified,.pass{color:#0a6b2d}.not-verified,.fail{color:#a4121b}.skip{color:#7a5a00}
.not-verified,.verified{font-weight:700}svg{width:100%;height:auto}
@media print{body{margin:0;max-width:none;font-size:11px}section{break-inside:auto}}`;

function rows(facts: readonly (readonly [string, string])[]): string {
  return `<table>${facts.map(([name, value]) => `<tr><th scope="row">${html(name)}</th><td>${html(value)}</td></tr>`).join('')}</table>`;
}

function lossesSection(checks: readonly DrillCheck[]): string {
  const open = checks.filter(({ status }) => status === 'fail' || status === 'skip');
  if (open.length === 0) return '';
  const items = open.map(
    ({ id, drill, status, detail }) =>
      `<li class="${status}"><b>${html(id)}</b> (${WORD[status]}): ${html(detail)}. ${html(DRILLS[drill].remedy)}</li>`,
  );
  return `<section><h2>Lost and unproven</h2><ul>${items.join('')}</ul></section>`;
}

function checksTable(checks: readonly DrillCheck[]): string {
  const body = checks.map(
    ({ id, status, provesData, millis, detail }) =>
      `<tr><td>${html(id)}</td><td class="${status}">${WORD[status]}</td><td>${provesData ? 'yes' : ''}</td><td>${millis}</td><td>${html(detail)}</td></tr>`,
  );
  return `<table><thead><tr><th>check</th><th>status</th><th>data</th><th>ms</th><th>what was found</th></tr></thead><tbody>${body.join('')}</tbody></table>`;
}

const WIDTH = 800;
const BAR = 18;
const LEFT = 90;

/** A bar a drill, one after the other as they ran. */
function timeline(checks: readonly DrillCheck[]): string {
  const spans = DRILL_IDS.map((id) => ({
    id,
    millis: checks.filter(({ drill }) => drill === id).reduce((sum, { millis }) => sum + millis, 0),
  }));
  const total = Math.max(
    1,
    spans.reduce((sum, { millis }) => sum + millis, 0),
  );
  let at = 0;
  const bars = spans.map(({ id, millis }, row) => {
    const x = LEFT + (at / total) * (WIDTH - LEFT - 90);
    const width = Math.max(1, (millis / total) * (WIDTH - LEFT - 90));
    at += millis;
    const y = row * (BAR + 6);
    return `<text x="0" y="${y + 13}">${html(id)}</text><rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="#31639c"/><text x="${(x + width + 4).toFixed(1)}" y="${y + 13}">${millis} ms</text>`;
  });
  return svg(spans.length * (BAR + 6), 'How long each drill took', bars.join(''));
}

/** Measured recovery time over the drills; a ring is a drill that was not verified. */
function trendChart(points: readonly TrendPoint[]): string {
  const shown = points.slice(-24);
  const most = Math.max(0.001, ...shown.map(({ rtoSeconds }) => rtoSeconds));
  const place = ({ rtoSeconds }: TrendPoint, at: number) => {
    const x = shown.length === 1 ? WIDTH / 2 : LEFT + (at / (shown.length - 1)) * (WIDTH - LEFT - 60);
    return { x: x.toFixed(1), y: (20 + (1 - rtoSeconds / most) * 110).toFixed(1) };
  };
  const line = shown.map((point, at) => `${place(point, at).x},${place(point, at).y}`).join(' ');
  const dots = shown.map((point, at) => {
    const { x, y } = place(point, at);
    const fill = point.verdict === 'verified' ? '#0a6b2d' : '#fff';
    return `<circle cx="${x}" cy="${y}" r="4" fill="${fill}" stroke="#0a6b2d"><title>${html(`${point.quarter}-${point.number}: ${point.rtoSeconds} s, ${point.verdict}`)}</title></circle><text x="${x}" y="160" text-anchor="middle">${html(`${point.quarter}-${point.number}`)}</text>`;
  });
  const axis = `<text x="0" y="24">${most} s</text><text x="0" y="134">0 s</text>`;
  return svg(
    170,
    'Recovery time of each drill',
    `${axis}<polyline points="${line}" fill="none" stroke="#888"/>${dots.join('')}`,
  );
}

function svg(height: number, label: string, content: string): string {
  return `<svg role="img" aria-label="${html(label)}" viewBox="0 0 ${WIDTH} ${height}" font-size="11" font-family="system-ui,sans-serif">${content}</svg>`;
}

function controls(checks: readonly DrillCheck[]): string {
  const cited = citedControls(checks);
  if (cited.length === 0) return '<p>This run proved no clause as a whole.</p>';
  return rows(
    cited.map(({ framework, clause, about, checks: by }) => [`${framework} ${clause}`, `${about}: ${by.join(', ')}`]),
  );
}

/** Text as text, whatever it holds; control and bidirectional characters are gone. */
function html(text: string): string {
  const plain = text.replaceAll(/\p{C}/gu, ' ');
  return plain.replaceAll(/[&<>"']/g, (char) => `&#${char.codePointAt(0)};`);
}
