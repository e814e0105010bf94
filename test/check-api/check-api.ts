import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { hyperkubeBinary } from '../harness/cluster.ts';
import { freePort } from '../harness/free-ports.ts';
import { compareTypes } from './compare-types.ts';
import type { Difference } from './difference.ts';
import { probePaths, type ProbeAnswer, type Send } from './probe-paths.ts';
import { operationsOf, reachableDefinitions, type Reference } from './reference.ts';

export interface ApiCheck {
    operations: number;
    types: number;
    differences: Difference[];
}

const startTimeoutMs = 30_000;
const logCharsMax = 2_000;
/** Endpoints may not be loopback addresses; nobody is asked there. */
const documentationAddress = '192.0.2.1';

/** Starts `hyperkube apiserver` and compares what it serves and publishes with upstream. */
export async function checkApi(reference: Reference): Promise<ApiCheck> {
    const directory = await mkdtemp(join(tmpdir(), 'hyperkube-check-api-'));
    const port = await freePort();
    const server = spawn(
        process.execPath,
        [
            ...[hyperkubeBinary, 'apiserver', '--secure-port', String(port), '--bind-address', '127.0.0.1'],
            ...['--node-ip', documentationAddress, '--listen-client-urls', ''],
            ...['--config-dir', join(directory, 'config'), '--data-dir', join(directory, 'data')],
        ],
        { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const log = { last: '' };
    server.stderr.on('data', (chunk: Buffer) => {
        log.last = (log.last + chunk.toString()).slice(-logCharsMax);
    });
    try {
        const send = await readySender({ server, port, log }, join(directory, 'config', 'admin.conf'));
        const document = JSON.parse((await send({ method: 'GET', path: '/openapi/v2' })).body) as Reference;
        return {
            operations: operationsOf(reference.paths).length,
            types: reachableDefinitions(reference).length,
            differences: [...(await probePaths(reference, send)), ...compareTypes(reference, document)],
        };
    } finally {
        if (server.exitCode === null) {
            const exited = once(server, 'exit');
            server.kill();
            await exited;
        }
        await rm(directory, { recursive: true, force: true });
    }
}

interface Started {
    server: ChildProcess;
    port: number;
    log: { last: string };
}

async function readySender({ server, port, log }: Started, kubeconfig: string): Promise<Send> {
    const deadline = Date.now() + startTimeoutMs;
    for (;;) {
        if (server.exitCode !== null) throw new Error(`the API server has ended: ${log.last}`);
        try {
            const send = await sender(kubeconfig, port);
            if ((await send({ method: 'GET', path: '/readyz' })).status === 200) return send;
        } catch (error) {
            if (Date.now() > deadline) throw error;
        }
        if (Date.now() > deadline) throw new Error('the API server does not become ready');
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

async function sender(kubeconfig: string, port: number): Promise<Send> {
    const config = await loadKubeconfig(kubeconfig);
    const read = async (source: typeof config.clientKey): Promise<Buffer> =>
        source === undefined
            ? Buffer.alloc(0)
            : source.type === 'inline'
              ? source.value
              : await readFile(source.path);
    const agent = new Agent({
        ca: await read(config.certificateAuthority),
        cert: await read(config.clientCertificate),
        key: await read(config.clientKey),
        keepAlive: true,
    });
    return async ({ method, path, body, contentType }) =>
        await new Promise<ProbeAnswer>((resolve, reject) => {
            const request = httpsRequest({
                host: '127.0.0.1',
                port,
                path,
                servername: 'kubernetes',
                agent,
                method,
                headers: contentType === undefined ? {} : { 'content-type': contentType },
            });
            request.on('error', reject);
            request.on('response', (response) => {
                const chunks: Buffer[] = [];
                response.on('data', (chunk: Buffer) => chunks.push(chunk));
                response.on('end', () => {
                    resolve({
                        status: response.statusCode ?? 0,
                        body: Buffer.concat(chunks).toString(),
                    });
                });
                response.on('error', reject);
            });
            request.end(body);
        });
}
