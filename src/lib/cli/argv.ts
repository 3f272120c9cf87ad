/** Flags that every command takes and that may stand before its name, as in `custody --repo DIR keys pending`. */
const VALUED = new Set([
  '--repo',
  '--as',
  '--profile',
  '--ledger-profile',
  '--ledger-reader',
  '--region',
  '--endpoint-url',
  '--passphrase-fd',
]);
const PLAIN = new Set(['--json', '--json-schema']);

/** Moves leading global flags behind the command's own words; the framework takes them only there. */
export function hoistGlobalFlags(argv: readonly string[]): string[] {
  let at = 0;
  while (at < argv.length) {
    const word = argv[at] ?? '';
    if (PLAIN.has(word) || VALUED.has(word.split('=')[0] ?? '')) {
      at += VALUED.has(word) ? 2 : 1;
    } else break;
  }
  const [leading, rest] = [argv.slice(0, at), argv.slice(at)];
  // What stands behind `--` belongs to a child process.
  const end = rest.indexOf('--');
  return end === -1 ? [...rest, ...leading] : [...rest.slice(0, end), ...leading, ...rest.slice(end)];
}

/** The words that stand before the first flag: the command, then its arguments. */
export function commandWords(argv: readonly string[]): readonly string[] {
  const words = hoistGlobalFlags(argv);
  const end = words.findIndex((word) => word.startsWith('-'));
  return end === -1 ? words : words.slice(0, end);
}
