// Loaded into a command before it starts: it stops for ever around the link(2) that gives an object its name.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { object, when, reached } = JSON.parse(process.env.STOP_AT_LINK ?? '');
const { link } = fs.promises;

fs.promises.link = async (from, to) => {
  const isIt = String(to).includes(`/${object}`);
  if (isIt && when === 'before') stop();
  await link(from, to);
  if (isIt) stop();
};
syncBuiltinESMExports();

function stop() {
  fs.writeFileSync(reached, '');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
