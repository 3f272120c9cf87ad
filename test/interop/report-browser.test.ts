import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { htmlReport } from '../../src/lib/drill/report-html.js';
import { sampleDrills } from '../support/drill-samples.js';

const run = promisify(execFile);
const chromium = process.env.CUSTODY_PEER_CHROMIUM;

/** The page of `dr verify --report` in a real browser, to which every name of the world is a server of this test. */
describe.skipIf(!chromium)(
  `the report in Chromium${chromium ? '' : ' (skipped: CUSTODY_PEER_CHROMIUM is not set)'}`,
  { sequential: true },
  () => {
    let dir: string;
    let server: Server;
    let page = '';
    let asked: string[] = [];

    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), 'custody-browser-'));
      server = createServer((request, response) => {
        asked.push(`${request.headers.host}${request.url}`);
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
      });
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    });
    afterAll(async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    });

    const address = () => `127.0.0.1:${(server.address() as AddressInfo).port}`;

    /** Opens what the server gives and does one thing with it. */
    async function open(text: string, ...words: string[]) {
      [page, asked] = [text, []];
      const quiet = ['background-networking', 'component-update', 'sync', 'default-apps', 'extensions', 'gpu'];
      const { stdout, stderr } = await run(
        String(chromium),
        [
          '--headless',
          // The page is the test's own; a container gives the browser's sandbox nothing to stand on.
          '--no-sandbox',
          '--no-first-run',
          '--hide-scrollbars',
          ...quiet.map((name) => `--disable-${name}`),
          `--user-data-dir=${join(dir, 'profile')}`,
          `--host-resolver-rules=MAP * ${address()}`,
          '--enable-logging=stderr',
          ...words,
          `http://${address()}/report.html`,
        ],
        { timeout: 90_000, maxBuffer: 64 * 1024 * 1024, env: { PATH: process.env.PATH, HOME: dir } },
      );
      return { dom: stdout, said: stderr.split('\n').filter((line) => line.includes('CONSOLE')) };
    }

    const evil = '"></td><script>document.title="taken"</script><img src=http://elsewhere.example/x>';

    function report(count: number): string {
      const drills = sampleDrills(count);
      const last = drills.at(-1);
      if (!last) throw new Error('there is no drill');
      const [first, ...rest] = last.said.checks;
      const checks = first ? [{ ...first, detail: evil }, ...rest] : [];
      return htmlReport({ ...last, said: { ...last.said, checks } }, drills);
    }
    /** Without what the browser asks for itself: the page's icon, the time and its updates. */
    const own = () => asked.filter((one) => !/^[^/]*(?:google|googleapis)\.com\/|\/favicon\.ico$/.test(one));

    it('is whole by itself: it asks nobody for anything, runs nothing, and shows what a stranger named as text', async () => {
      const { dom, said } = await open(report(12), '--dump-dom');
      expect(said).toEqual([]);
      expect(own()).toEqual([`${address()}/report.html`]);
      expect(dom).toContain('<title>Drill 2026-q3-1: verified</title>');
      expect(dom).not.toMatch(/<(?:script|img|link|iframe)/);
      expect(dom).toContain('&lt;script&gt;');
      expect(dom.match(/<svg/g)).toHaveLength(3);
      expect(dom.match(/<circle[^>]*><title>/g)).toHaveLength(24);
    });

    it('would be found out: a page that asks, runs and breaks', async () => {
      const broken = '<!doctype html><title>x</title><img src="http://elsewhere.example/x"><script>missing()</script>';
      const { said } = await open(broken, '--dump-dom');
      expect(said.join()).toContain('missing is not defined');
      expect(own()).toContain('elsewhere.example/x');
      const held = report(1).replace(
        '</body>',
        '<img src="http://elsewhere.example/x"><script>missing()</script></body>',
      );
      const { said: refused } = await open(held, '--dump-dom');
      // Its own policy lets nothing in, whatever got into it.
      expect(refused.join()).toContain('Content Security Policy');
      expect(own()).toEqual([`${address()}/report.html`]);
    });

    it('prints on A4 and draws on a screen', async () => {
      const [pdf, png] = [join(dir, 'report.pdf'), join(dir, 'report.png')];
      await open(report(40), `--print-to-pdf=${pdf}`, '--no-pdf-header-footer');
      const printed = readFileSync(pdf, 'latin1');
      expect(printed.slice(0, 5)).toBe('%PDF-');
      const pages = printed.match(/\/Type\s*\/Page\b/g) ?? [];
      expect(pages.length).toBeGreaterThan(1);
      expect(pages.length).toBeLessThan(6);
      await open(report(40), `--screenshot=${png}`, '--window-size=1280,1900');
      const drawn = readFileSync(png);
      expect([drawn.readUInt32BE(16), drawn.readUInt32BE(20)]).toEqual([1280, 1900]);
    });

    it('no word in its charts lies on another one, and nothing is wider than the page', async () => {
      const overlaps = `<script>
        const boxes = [...document.querySelectorAll('svg')].map((svg) => [...svg.querySelectorAll('text')].map((t) => t.getBoundingClientRect()));
        const over = boxes.flatMap((all) => all.flatMap((a, i) => all.slice(i + 1).filter((b) =>
          a.left < b.right && b.left < a.right && a.top < b.bottom - 2 && b.top < a.bottom - 2)));
        document.title = 'looked ' + over.length + ' ' + (document.documentElement.scrollWidth - innerWidth);
      </script>`;
      for (const [count, width] of [
        [1, 1280],
        [12, 1280],
        [40, 1280],
        [40, 700],
      ] as const) {
        const looked = report(count)
          .replace(/<meta http-equiv[^>]*>/, '')
          .replace('</body>', `${overlaps}</body>`);
        const { dom } = await open(looked, '--dump-dom', `--window-size=${width},1900`);
        expect(/<title>looked [^<]*/.exec(dom)?.[0], `${count} drills at ${width}`).toMatch(
          /^<title>looked 0 (?:0|-\d+)$/,
        );
      }
    });
  },
);
