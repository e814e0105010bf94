import type { V1ExecAction } from '../../../api/meta/object.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { ProbeOutcome, ProbeTarget } from './probe-handler.ts';

/** Healthy when the command ends with 0. */
export async function execProbe(
    action: V1ExecAction,
    target: ProbeTarget,
    runtime: Runtime,
): Promise<ProbeOutcome> {
    const { timeoutMs, containerId } = target;
    try {
        const result = await runtime.execSync(containerId, action.command ?? [], { timeoutMs });
        if (result.timedOut)
            return {
                result: 'failure',
                output: `command timed out: "${(action.command ?? []).join(' ')}" timed out after ${timeoutMs / 1000}s`,
            };
        const output = Buffer.concat([result.stdout, result.stderr]).toString('utf8');
        return { result: result.exitCode === 0 ? 'success' : 'failure', output };
    } catch (error) {
        return { result: 'unknown', output: error instanceof Error ? error.message : String(error) };
    }
}
