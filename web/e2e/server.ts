// One demo server for all of them, on fresh data.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const top = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');

export function setup(): () => void {
  const data = mkdtempSync(join(tmpdir(), 'gatepost-web-'));
  const server = join(top, 'script/server');
  try {
    execFileSync(server, ['--background', '--no-build', '--preset', process.env['GATEPOST_PRESET'] ?? 'release', '--data', data], { stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (e) {
    const { stdout, stderr } = e as { stdout?: Buffer; stderr?: Buffer };
    throw new Error(`script/server: ${stdout?.toString() ?? ''}${stderr?.toString() ?? ''}`);
  }
  for (const line of readFileSync(join(data, 'demo.env'), 'utf8').split('\n')) {
    const [name, value] = line.split('=', 2);
    if (name) process.env[name] = value;
  }
  process.env['GP_TOP'] = top;
  return () => {
    execFileSync(server, ['--stop', '--data', data], { stdio: 'ignore' });
    rmSync(data, { recursive: true, force: true });
  };
}
