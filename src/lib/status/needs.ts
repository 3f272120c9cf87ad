import type { Need, StatusFinding, StatusSeverity } from './report.js';
import type { RequestLine, Task } from './tasks.js';

/** What was begun or is decided goes before what is still asked. */
const TASKS: readonly Task['kind'][] = ['execute', 'arm', 'approve'];
const SEVERITIES: readonly StatusSeverity[] = ['error', 'warning', 'note'];
const MOST = 8;

/** What to run next, each command once: what is wrong first, then one's own part of requests, then what is late. Pure. */
export function needsOf(requests: readonly RequestLine[], findings: readonly StatusFinding[]): readonly Need[] {
  const tasks = TASKS.flatMap((kind) =>
    requests.flatMap(({ id, action, key, mine, until }): readonly Need[] =>
      mine?.kind === kind
        ? [
            {
              kind,
              command: mine.command,
              because: `${action}${key === null ? '' : ` ${key}`} (${id}), until ${until}`,
            },
          ]
        : [],
    ),
  );
  const [errors = [], warnings = []] = SEVERITIES.map((wanted) =>
    findings.flatMap(({ severity, command, text, key }): readonly Need[] =>
      severity === wanted && command !== null
        ? [{ kind: 'finding', command, because: key === null ? text : `${key}: ${text}` }]
        : [],
    ),
  );
  const byCommand = new Map<string, Need>();
  for (const need of [...errors, ...tasks, ...warnings]) {
    if (!byCommand.has(need.command)) byCommand.set(need.command, need);
  }
  return [...byCommand.values()].slice(0, MOST);
}
