// npm run bench [-- --json] [evaluate|guard|judge|startup|prove|publish|moto|sandbox|backup|drill|ledger|append|ingest …]: every number is taken against a floor measured in the same run.
import { benchAppend } from './append.js';
import { benchBackup } from './backup.js';
import { benchDrill } from './drill.js';
import { benchEvaluate } from './evaluate.js';
import { benchGuard } from './guard.js';
import { benchIngest } from './ingest.js';
import { benchJudge } from './judge.js';
import { benchLedger } from './ledger.js';
import { benchMoto } from './moto.js';
import { benchProve } from './prove.js';
import { benchPublish } from './publish.js';
import { benchSandbox } from './sandbox.js';
import { benchStartup } from './startup.js';

const BENCHES = {
  evaluate: benchEvaluate,
  guard: benchGuard,
  judge: benchJudge,
  startup: benchStartup,
  prove: benchProve,
  publish: benchPublish,
  moto: benchMoto,
  sandbox: benchSandbox,
  backup: benchBackup,
  drill: benchDrill,
  ledger: benchLedger,
  append: benchAppend,
  ingest: benchIngest,
};
const words = process.argv.slice(2);
const chosen = words.filter((word) => word in BENCHES);
const results = [];
for (const name of chosen.length > 0 ? chosen : Object.keys(BENCHES)) {
  process.stderr.write(`… ${name}\n`);
  results.push(await BENCHES[name]());
}
if (words.includes('--json')) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
else for (const result of results) process.stdout.write(`${textOf(result)}\n`);

function textOf({ name, ...facts }) {
  const lines = Object.entries(facts).map(
    ([key, value]) =>
      `  ${key.padEnd(14)} ${typeof value === 'object' ? JSON.stringify(rounded(value)) : rounded(value)}`,
  );
  return [name, ...lines].join('\n');
}

function rounded(value) {
  if (typeof value === 'number') return Math.round(value * 100) / 100;
  return typeof value === 'object'
    ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rounded(item)]))
    : value;
}
