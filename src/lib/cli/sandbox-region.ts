import { controlSandbox } from '../sandbox/process.js';
import { sandboxDir } from './sandbox.js';

/** Switches a Region of the running sandbox on or off. @throws CustodyError UNAVAILABLE, USAGE for an unknown Region */
export function switchRegion(dir: string | undefined, region: string, up: boolean) {
  return controlSandbox(sandboxDir(dir, process.env), 'POST', 'region', { region, up });
}
