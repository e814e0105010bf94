import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Container, V1LifecycleHandler } from '../../../api/meta/object.ts';
import { getUrl } from '../probes/http-probe.ts';
import { resolvePort } from '../probes/probe-handler.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { abortable } from './abortable.ts';

/** A hook without a timeout of its own gets this one: a hook that hangs must not hold the pod for ever. */
export const hookTimeoutMaxMs = 24 * 3600 * 1000;
const httpTimeoutMs = 30_000;

export interface HookContext {
    runtime: Runtime;
    container: V1Container;
    containerId: string;
    podIp: string;
    timeoutMs: number;
    signal: AbortSignal;
}

/** Runs a postStart or preStop handler to its end; throws when it fails. */
export async function runLifecycleHook(handler: V1LifecycleHandler, context: HookContext): Promise<void> {
    const { exec, httpGet, sleep: pause, tcpSocket } = handler;
    if (exec !== undefined) await runCommand(exec.command ?? [], context);
    else if (httpGet !== undefined) await runHttp(handler, context);
    else if (pause !== undefined)
        await sleep(Math.min(pause.seconds * 1000, context.timeoutMs), undefined, { signal: context.signal });
    else if (tcpSocket === undefined) throw new Error('invalid handler: no action');
}

async function runCommand(command: readonly string[], context: HookContext): Promise<void> {
    const { runtime, containerId, timeoutMs, signal } = context;
    const result = await abortable(runtime.execSync(containerId, command, { timeoutMs }), signal);
    if (result.timedOut) throw new Error(`command '${command.join(' ')}' timed out`);
    if (result.exitCode !== 0) {
        const output = Buffer.concat([result.stdout, result.stderr]).toString('utf8');
        throw new Error(`command '${command.join(' ')}' exited with ${result.exitCode}: ${output}`);
    }
}

async function runHttp({ httpGet }: V1LifecycleHandler, context: HookContext): Promise<void> {
    if (httpGet === undefined) return;
    const host = httpGet.host ? httpGet.host : context.podIp;
    const port = resolvePort(httpGet.port, context.container);
    const scheme = (httpGet.scheme ?? 'HTTP').toLowerCase();
    const path = httpGet.path ?? '/';
    const slash = path.startsWith('/') ? '' : '/';
    const url = new URL(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${slash}${path}`);
    const outcome = await getUrl(url, {
        headers: httpGet.httpHeaders ?? [],
        timeoutMs: Math.min(context.timeoutMs, httpTimeoutMs),
        signal: context.signal,
    });
    if (outcome.result === 'failure') throw new Error(outcome.output);
}
