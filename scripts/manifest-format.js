import { Plugin } from '@oclif/core';

/**
 * The manifest of the commands in `<root>/dist`, as text: commands in the order of their ids.
 * A command that cannot be loaded is an error, never left out.
 * @param {string} root
 * @returns {Promise<string>}
 */
export async function formatManifest(root) {
  const plugin = new Plugin({ root, ignoreManifest: true, errorOnManifestCreate: true, respectNoCacheDefault: true });
  await plugin.load();
  const { commands, version } = plugin.manifest;
  const sorted = Object.fromEntries(Object.entries(commands).sort(([a], [b]) => (a < b ? -1 : 1)));
  if (Object.keys(sorted).length === 0) throw new Error('dist has no commands: run npm run build');
  return `${JSON.stringify({ commands: sorted, version }, null, 2)}\n`;
}
