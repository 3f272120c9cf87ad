#!/usr/bin/env node
// Start-up counts in every command: what can be answered without loading the framework is.
import { readFileSync } from 'node:fs';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
// Debug output of libraries shows every argument and address whole (T46).
delete process.env.DEBUG;
const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-v')) {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  process.stdout.write(`custody/${version} ${process.platform}-${process.arch} node-${process.version}\n`);
} else {
  const { main } = await import('../dist/lib/cli/main.js');
  await main(argv, import.meta.url);
}
