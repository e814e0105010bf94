import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import https from 'node:https';
import type { V1Node } from '../../../src/api/meta/object.ts';
import { nodes } from '../../../src/client/resource-type.ts';
import { sleep } from '../../harness/machine.ts';
import { endProcess } from '../../harness/processes.ts';
import { usageOf } from '../process-usage.ts';
import { adminClient } from './client.ts';
import { watchUntil } from './wait-for-object.ts';

export interface Start {
    readyzMs: number;
    nodeReadyMs: number;
    rssBytes: number;
    cpuMs: number;
}

const startTimeoutMs = 60_000;
const probeEveryMs = 5;

/** Starts the all-in-one process again and again with the same data; the first start is with none. */
export async function measureStarts(parameters: {
    command: string[];
    kubeconfig: string;
    logFile: string;
    port: number;
    rounds: number;
}): Promise<Start[]> {
    const starts: Start[] = [];
    for (let round = 0; round <= parameters.rounds; round++) {
        starts.push(await startOnce(parameters));
        // Heartbeats count in seconds: the next round must not take this one's for its own.
        await sleep(1100);
    }
    return starts;
}

async function startOnce(parameters: {
    command: string[];
    kubeconfig: string;
    logFile: string;
    port: number;
}): Promise<Start> {
    const log = openSync(parameters.logFile, 'a');
    const startedAt = Date.now();
    const began = performance.now();
    const child = spawn(process.execPath, parameters.command, { stdio: ['ignore', log, log] });
    closeSync(log);
    try {
        while (!(await isReady(parameters.port))) {
            if (child.exitCode !== null) throw new Error(`hyperkube ended: see ${parameters.logFile}`);
            if (performance.now() - began > startTimeoutMs) throw new Error('/readyz did not become ok');
            await sleep(probeEveryMs);
        }
        const readyzMs = performance.now() - began;
        const client = await adminClient(parameters.kubeconfig);
        const { seen } = await watchUntil(client, nodes, {
            timeoutMs: startTimeoutMs,
            isWanted: (node) => isReadySince(node, startedAt),
        });
        await seen;
        const nodeReadyMs = performance.now() - began;
        client.close();
        const { rssBytes, cpuMs } = usageOf(child.pid ?? 0);
        return { readyzMs, nodeReadyMs, rssBytes, cpuMs };
    } finally {
        await endProcess(child);
    }
}

/** Ready, said by the kubelet of this start. */
function isReadySince(node: V1Node, since: number): boolean {
    const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
    const heartbeat = Date.parse(ready?.lastHeartbeatTime ?? '');
    return ready?.status === 'True' && heartbeat >= Math.floor(since / 1000) * 1000;
}

async function isReady(port: number): Promise<boolean> {
    return await new Promise<boolean>((resolve) => {
        const request = https.get(
            { host: '127.0.0.1', port, path: '/readyz', rejectUnauthorized: false, agent: false },
            (response) => {
                response.resume();
                response.on('end', () => {
                    resolve(response.statusCode === 200);
                });
            },
        );
        request.on('error', () => {
            resolve(false);
        });
    });
}
