// Takes every line of the rules away, one at a time, compiles what is left and puts the vectors to it; prints the lines that
// no vector misses. Arguments: opa, the folder of the policies, an empty folder to work in.
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import opaWasm from '@open-policy-agent/opa-wasm';

const [opa, policies, work] = process.argv.slice(2);
const read = (name) => JSON.parse(readFileSync(join(policies, 'vectors', name), 'utf8'));
const { configs, calls } = read('vectors.json');
const { operations } = read('operations.json');
const ENTRIES = ['guard/decision', 'guard/purposes', 'cloudtrail/decision', 'terraform/decision'];
const NOES = ['operation-not-allowed', 'purpose-unknown', 'undecided'];

cpSync(join(policies, 'custody'), join(work, 'custody'), { recursive: true });
const survivors = [];
if (!holds(compile())) throw new Error('the vectors do not hold before anything was taken away');
for (const name of readdirSync(join(work, 'custody')).sort()) {
  const path = join(work, 'custody', name);
  const source = readFileSync(path, 'utf8');
  const lines = source.split('\n');
  for (const [at, line] of lines.entries()) {
    if (!isRule(line.trim())) continue;
    writeFileSync(path, lines.toSpliced(at, 1).join('\n'));
    const wasm = compile();
    if (wasm !== null && holds(wasm)) survivors.push(`${name}:${at + 1}: ${line.trim()}`);
  }
  writeFileSync(path, source);
}
process.stdout.write(`${JSON.stringify(survivors, null, 1)}\n`);

/** Conditions, rows of tables and one-line rules; not packages, imports, comments, openings and braces. */
function isRule(text) {
  return text !== '' && !/^(?:#|package |import |[\])}]|.*[{[(]$)/.test(text);
}

/** Null where what is left does not compile. */
function compile() {
  const bundle = join(work, 'bundle.tar.gz');
  try {
    const words = ENTRIES.flatMap((name) => ['-e', `custody/${name}`]);
    execFileSync(opa, ['build', '-t', 'wasm', ...words, '-o', bundle, 'custody'], { cwd: work, stdio: 'ignore' });
    return execFileSync('tar', ['xzOf', bundle, '/policy.wasm'], { stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return null;
  }
}

function holds(wasm) {
  const policy = opaWasm.loadPolicySync(wasm, { initial: 16 });
  const decide = (entry, input) => {
    try {
      return policy.evaluate(input, `custody/${entry}/decision`)[0]?.result ?? {};
    } catch {
      return {};
    }
  };
  for (const [name, config] of Object.entries(configs)) {
    policy.setData({ config });
    for (const vector of calls.filter((one) => one.config === name)) {
      const found = decide(vector.entry, vector.input);
      if (!Object.entries(vector.expect).every(([key, value]) => same(found[key], value))) return false;
    }
  }
  policy.setData({ config: configs.s3 });
  return holdsSnapshot(policy, (call) => decide('guard', call));
}

function holdsSnapshot(policy, decide) {
  if (
    !same(
      Object.keys(policy.evaluate({}, 'custody/guard/purposes')[0].result).sort(),
      Object.keys(operations.s3).sort(),
    )
  )
    return false;
  const base = { source: 'process', endpoint: 'sandbox', params: {}, key: '', quorum: null };
  for (const service of ['s3', 'kms']) {
    for (const [purpose, allowed] of Object.entries(operations[service])) {
      const bucket = purpose === 'trail.read' ? 'acme-logs' : 'acme-ledger';
      const found = operations.names[service].filter((operation) => {
        const { rules = ['undecided'] } = decide({ ...base, service, purpose, bucket, operation });
        return !NOES.some((no) => rules.includes(no));
      });
      if (!same(found, allowed)) return false;
    }
  }
  const named = { requestId: 'r-abcdefghij', digest: `sha256:${'a'.repeat(64)}`, approvals: 2, threshold: 2 };
  return Object.entries(operations.actions).every(([action, row]) => {
    const found = operations.names.kms.filter((operation) => {
      // An exercise is for the key of a drill, and for no other.
      const key = action === 'drill.cycle' ? 'drill-cycle' : 'root';
      const quorum = { ...named, action, class: row.class, executor: 'a', operations: [operation], key };
      const params = { KeyId: 'of a drill', PendingWindowInDays: 30 };
      const call = { ...base, service: 'kms', purpose: 'execute', operation, params, quorum, scratch: 'of a drill' };
      const { allow, privileged } = decide(call);
      return allow === true && privileged === true;
    });
    return same(found, row.calls);
  });
}

function same(left, right) {
  return JSON.stringify(left) === JSON.stringify(right);
}
