import { DRILL_IDS } from './drills.js';
import type { DrillPredicate } from './evidence.js';
import { html } from './markup.js';
import type { TrendPoint } from './trend.js';

/** Charts as inline SVG: a page with them needs nothing from elsewhere. */

const WIDTH = 800;
const LEFT = 90;
const RIGHT = 80;
const BAR = 18;
const ROW = BAR + 6;
const [BLUE, PALE, GREEN, RED] = ['#31639c', '#a9bfd8', '#0a6b2d', '#a4121b'] as const;

/** A bar a drill, one after the other as they ran; dark where a recovery waits for it. */
export function timelineChart({ checks, recovery }: Pick<DrillPredicate, 'checks' | 'recovery'>): string {
  const spans = DRILL_IDS.map((id) => ({
    id,
    millis: checks.filter(({ drill }) => drill === id).reduce((sum, { millis }) => sum + millis, 0),
    critical: recovery.steps.some((step) => step.id === id && step.critical),
  }));
  const total = spans.reduce((sum, { millis }) => sum + millis, 0);
  const scale = (WIDTH - LEFT - RIGHT) / Math.max(1, total);
  let at = 0;
  const bars = spans.map(({ id, millis, critical }, row) => {
    const [x, y, width] = [LEFT + at * scale, row * ROW, Math.max(1, millis * scale)];
    at += millis;
    return `<text x="0" y="${y + 13}">${html(id)}</text>${bar(x, y, width, critical)}<text x="${(x + width + 4).toFixed(1)}" y="${y + 13}">${millis} ms</text>`;
  });
  const y = spans.length * ROW + 6;
  const legend = `${bar(LEFT, y, 12, true)}<text x="${LEFT + 18}" y="${y + 13}">on the longest way of a recovery</text>${bar(LEFT + 230, y, 12, false)}<text x="${LEFT + 248}" y="${y + 13}">beside it</text>`;
  return svg(y + BAR, 'How long each drill took', bars.join('') + legend);
}

function bar(x: number, y: number, width: number, critical: boolean): string {
  return `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${critical ? BLUE : PALE}"/>`;
}

/** Shown in one chart, and names under it: more would lie on each other. */
const MOST_POINTS = 40;
const MOST_NAMES = 10;
const [TOP, BOTTOM] = [34, 130];

/** Seconds over the drills, the newest on the right; a ring is a drill that was not verified, a gap one without bounds. */
export function trendChart(
  what: string,
  points: readonly TrendPoint[],
  secondsOf: (point: TrendPoint) => number | null,
): string {
  const shown = points.slice(-MOST_POINTS);
  const most = Math.max(0.001, ...shown.map((point) => secondsOf(point) ?? 0));
  const step = (WIDTH - LEFT - RIGHT / 2) / Math.max(1, shown.length - 1);
  const places = shown.flatMap((point, at) => {
    const seconds = secondsOf(point);
    const x = shown.length === 1 ? (WIDTH + LEFT) / 2 : LEFT + at * step;
    return seconds === null ? [] : [{ point, x, y: BOTTOM - (seconds / most) * (BOTTOM - TOP), seconds }];
  });
  const line = places.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
  const every = Math.ceil(shown.length / MOST_NAMES);
  const names = shown.map((point, at) => {
    // Counted from the newest, whose name is always there.
    if ((shown.length - 1 - at) % every !== 0) return '';
    const x = shown.length === 1 ? (WIDTH + LEFT) / 2 : LEFT + at * step;
    return `<text x="${x.toFixed(1)}" y="152" text-anchor="middle">${html(nameOf(point))}</text>`;
  });
  const dots = places.map(({ point, x, y, seconds }) => dot(point, x, y, seconds));
  const content = `${axis(most)}<polyline points="${line}" fill="none" stroke="#888"/>${dots.join('')}${names.join('')}${legend()}`;
  return svg(158, `${what} of each drill, in seconds`, content);
}

function nameOf({ quarter, number }: TrendPoint): string {
  return `${quarter}-${number}`;
}

function dot(point: TrendPoint, x: number, y: number, seconds: number): string {
  const verified = point.verdict === 'verified';
  const title = `<title>${html(`${nameOf(point)}: ${seconds} s, ${point.verdict}`)}</title>`;
  return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="4" fill="${verified ? GREEN : '#fff'}" stroke="${verified ? GREEN : RED}" stroke-width="2">${title}</circle>`;
}

function axis(most: number): string {
  const rule = (y: number, label: string) =>
    `<line x1="${LEFT - 14}" x2="${WIDTH}" y1="${y}" y2="${y}" stroke="#e5e5e5"/><text x="${LEFT - 20}" y="${y + 4}" text-anchor="end">${label}</text>`;
  return rule(TOP, `${most} s`) + rule(BOTTOM, '0 s');
}

function legend(): string {
  return `<circle cx="${LEFT - 6}" cy="9" r="4" fill="${GREEN}" stroke="${GREEN}" stroke-width="2"/><text x="${LEFT + 6}" y="13">verified</text><circle cx="${LEFT + 76}" cy="9" r="4" fill="#fff" stroke="${RED}" stroke-width="2"/><text x="${LEFT + 88}" y="13">not verified</text>`;
}

function svg(height: number, label: string, content: string): string {
  return `<svg role="img" aria-label="${html(label)}" viewBox="0 0 ${WIDTH} ${height}" font-size="11" font-family="system-ui,sans-serif">${content}</svg>`;
}
