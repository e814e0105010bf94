import { spawnSync } from 'node:child_process';

/** Whether a program can be run here; tests of optional peers are skipped where it is not. */
export function isInstalled(program: string): boolean {
    return spawnSync(program, ['--version']).error === undefined;
}
