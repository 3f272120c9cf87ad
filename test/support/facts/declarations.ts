import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** What only the SDK's declarations (`dist-types`) say of the service models: types of members, errors of operations. */

const require = createRequire(import.meta.url);
const folders = new Map<string, string>();
const types = new Map<string, ReadonlyMap<string, ReadonlyMap<string, string>>>();

function folderOf(service: string): string {
  const known = folders.get(service) ?? dirname(dirname(require.resolve(`@aws-sdk/client-${service}`)));
  folders.set(service, known);
  return join(known, 'dist-types');
}

/** Member → name of its type, `[]` left out: `KeyState`, `EncryptionAlgorithmSpec`, `string`. */
export function declaredTypes(service: string, shape: string): ReadonlyMap<string, string> {
  const all = types.get(service) ?? readTypes(service);
  types.set(service, all);
  const found = all.get(shape);
  if (found === undefined) throw new Error(`client-${service} declares no ${shape}`);
  return found;
}

function readTypes(service: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const found = new Map<string, ReadonlyMap<string, string>>();
  for (const file of ['models_0.d.ts', 'models_1.d.ts', 'errors.d.ts']) {
    const path = join(folderOf(service), 'models', file);
    if (!existsSync(path)) continue;
    for (const [, name = '', body = ''] of readFileSync(path, 'utf8').matchAll(
      /^export (?:interface|declare class) (\w+)[^\n]*\{$([\s\S]*?)^\}$/gm,
    )) {
      found.set(
        name,
        new Map([...body.matchAll(/^ {4}(\w+)\??: (\w+)/gm)].map(([, member = '', type = '']) => [member, type])),
      );
    }
  }
  return found;
}

/** Names of the error shapes of an operation. */
export function declaredErrors(service: string, operation: string): readonly string[] {
  const path = join(folderOf(service), 'commands', `${operation}Command.d.ts`);
  const names = [...readFileSync(path, 'utf8').matchAll(/@throws \{@link (\w+)\} \((?:client|server) fault\)/g)];
  return names.map(([, name = '']) => name);
}
