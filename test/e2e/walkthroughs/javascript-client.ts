import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { expectSuccess } from '../../harness/cluster.ts';
import type { Kubectl } from '../../harness/kubectl.ts';
import { pod, shell } from '../../harness/manifests.ts';

const script = join(import.meta.dirname, '../../harness/client-node-streams.mjs');
const repeat = 'while read line; do echo repeated $line; done';

interface Ended {
    stdout: string;
    stderr: string;
    status: {
        status: string;
        reason?: string;
        message?: string;
        details?: { causes: { reason: string; message: string }[] };
    };
}
interface Streams {
    failed: Ended;
    succeeded: Ended;
    terminal: Ended;
    attached: string;
    forwarded: string;
    logged: string;
    logMessages: string[];
}

/** Streams to containers through the official JavaScript client, which speaks WebSocket alone. */
export function walkJavaScriptClient(kubectl: () => Kubectl): void {
    describe('the official JavaScript client', () => {
        it('runs commands, attaches, forwards a port and follows a log', async () => {
            const k = kubectl();
            const serve = 'mkdir /tmp/w; echo the page > /tmp/w/index.html; httpd -p 80 -h /tmp/w';
            const main = shell('main', `${serve}; ${repeat}`, { stdin: true });
            await k.send('create', pod('streams', { containers: [main] }));
            await k.untilReady('streams');
            const { machine, kubeconfig } = k.cluster;
            const namespace = await k.ok('get pod streams -o jsonpath={.metadata.namespace}');
            const streams = JSON.parse(
                expectSuccess(
                    await machine.run(process.execPath, [script, kubeconfig, namespace, 'streams'], {
                        timeoutMs: 60_000,
                    }),
                ),
            ) as Streams;
            expect(streams.failed).toMatchObject({
                stdout: 'typed\n',
                stderr: 'oops\n',
                status: {
                    status: 'Failure',
                    reason: 'NonZeroExitCode',
                    details: { causes: [{ reason: 'ExitCode', message: '7' }] },
                },
            });
            expect(streams.failed.status.message).toMatch(/^command terminated with non-zero exit code/);
            expect(streams.succeeded.status).toMatchObject({ status: 'Success' });
            expect(streams.terminal).toMatchObject({ stdout: '40 132\r\n', status: { status: 'Success' } });
            expect(streams.attached).toBe('repeated attached\n');
            expect(streams.forwarded).toMatch(/^HTTP\/1\.[01] 200 OK\r\n[^]*\r\n\r\nthe page\n$/);
            expect(streams.logged).toBe('repeated attached\n');
            const [first, ...messages] = streams.logMessages;
            expect(first).toBe('');
            expect(messages.map((message) => Buffer.from(message, 'base64').toString()).join('')).toBe(
                'repeated attached\n',
            );
            await k.ok('delete pod streams');
        }, 90_000);
    });
}
