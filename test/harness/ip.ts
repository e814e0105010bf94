import { execFileSync } from 'node:child_process';

/** Runs iproute2's `ip`; throws when it fails, what it says goes to standard error. */
export function ip(...args: readonly string[]): void {
    execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
