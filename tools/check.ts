/** All checks: format, lint, types, unused code and package side by side, for each keeps one processor busy; then the tests. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

const checks = ['format:check', 'lint', 'types', 'unused', 'package'];

const results = await Promise.all(checks.map(runCheck));
for (const { name, status, output } of results) {
  if (status !== 0) console.error(`${output}\n${name} failed with status ${status}`);
}
if (results.some(({ status }) => status !== 0)) process.exit(1);
const { status } = spawnSync('npm', ['test'], { stdio: 'inherit' });
process.exit(status ?? 1);

async function runCheck(name: string): Promise<{ name: string; status: number | null; output: string }> {
  const child = spawn('npm', ['run', '--silent', name], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close') as Promise<[number | null]>;
  const [[status], output, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  console.log(`${name}: ${status === 0 ? 'passed' : 'failed'}`);
  return { name, status, output: output + errors };
}
