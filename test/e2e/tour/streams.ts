import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Kubectl } from '../../harness/kubectl.ts';
import { eventually } from '../../harness/machine.ts';
import { webPods } from './services.ts';

const counting = 'trap "exit 0" TERM; i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.2; done';

/** What goes through the kubelet's port: logs, exec, attach, port-forward, cp; and deleting at the end. */
export function tourOfStreams(kubectl: () => Kubectl): void {
    describe('inside pods', () => {
        it('logs -f follows, --tail and --timestamps choose', async () => {
            const k = kubectl();
            await k.ok([
                'run',
                'ticker',
                '--image=busybox:local',
                '--restart=Never',
                '--',
                'sh',
                '-c',
                counting,
            ]);
            await k.ok('wait --for=condition=Ready pod/ticker --timeout=60s');
            const logs = k.start('logs -f ticker');
            await logs.until(/^tick 1$[^]*^tick 5$/m);
            await logs.end();
            expect(await k.ok('logs ticker --tail=1')).toMatch(/^tick \d+\n$/);
            expect(await k.ok('logs ticker --timestamps --tail=2')).toMatch(
                /^(\d{4}-\d\d-\d\dT\S+ tick \d+\n){2}$/,
            );
        }, 90_000);

        it('logs of all pods of a Deployment by label', async () => {
            const k = kubectl();
            await k.ok('logs deployment/web');
            await k.ok('logs -l app=web --prefix');
        });

        it('exec gives output and the exit code of the command', async () => {
            const k = kubectl();
            expect(await k.ok('exec ticker -- echo hello world')).toBe('hello world\n');
            const result = await k.run(['exec', 'ticker', '--', 'sh', '-c', 'echo oops >&2; exit 7']);
            expect(result.code).toBe(7);
            expect(result.stderr).toContain('oops');
            expect(await k.ok('exec -i ticker -- cat', { input: 'typed\n' })).toBe('typed\n');
        }, 30_000);

        it('exec -it is a shell on a terminal', async () => {
            const shell = kubectl().startOnTerminal('exec -it ticker -- sh');
            await shell.until(/[#$] /);
            shell.type('echo answer-$((6*7)); tty\n');
            await shell.until(/answer-42/);
            await shell.until(/\/dev\/(pts\/\d+|console|tty)/);
            shell.type('exit\n');
            expect(await shell.ended()).toBe(0);
        }, 60_000);

        it('attach shows what the container writes from now on', async () => {
            const attached = kubectl().start('attach ticker');
            await attached.until(/^tick \d+$/m);
            await attached.end();
        }, 60_000);

        it('attach -i reaches the standard input of the container', async () => {
            const k = kubectl();
            await k.send('create', {
                apiVersion: 'v1',
                kind: 'Pod',
                metadata: { name: 'cat' },
                spec: {
                    restartPolicy: 'Never',
                    containers: [
                        {
                            name: 'cat',
                            image: 'busybox:local',
                            command: ['cat'],
                            stdin: true,
                            stdinOnce: true,
                        },
                    ],
                },
            });
            await k.ok('wait --for=condition=Ready pod/cat --timeout=60s');
            const attached = k.start('attach -i cat');
            await attached.until(/pressing enter/);
            attached.type('to the cat\n');
            await attached.until(/^to the cat$/m);
            attached.endInput();
            await attached.ended();
            await eventually(
                'the end of input ends cat',
                async () => (await k.ok('get pod cat -o jsonpath={.status.phase}')) === 'Succeeded',
            );
        }, 90_000);

        it('port-forward leads a local port to a pod and to a service', async () => {
            const k = kubectl();
            const [pod = ''] = await webPods(k);
            for (const target of [`pod/${pod} :80`, 'service/web-lb :8300', 'deployment/web :80']) {
                const forward = k.start(`port-forward ${target}`);
                const [, port] = await forward.until(/Forwarding from 127\.0\.0\.1:(\d+) -> 80/);
                for (let i = 0; i < 3; i++)
                    expect(await k.cluster.fetchPage(`http://127.0.0.1:${port}/`)).toContain(
                        'Hello from hyperkube',
                    );
                await forward.end();
            }
        }, 90_000);

        it('cp carries a file there and back unchanged', async () => {
            const k = kubectl();
            const { directory } = k.cluster.machine;
            const [there, back] = [join(directory, 'there.bin'), join(directory, 'back.bin')];
            const content = Buffer.alloc(300_000, 'every byte counts 0123456789\n');
            writeFileSync(there, content);
            await k.ok(['cp', there, 'ticker:/tmp/copy.bin']);
            expect(await k.ok('exec ticker -- wc -c /tmp/copy.bin')).toContain('300000');
            await k.ok(['cp', 'ticker:/tmp/copy.bin', back]);
            expect(readFileSync(back).equals(content)).toBe(true);
        }, 60_000);

        it('delete removes by name, by label and several kinds at once', async () => {
            const k = kubectl();
            expect(await k.ok('delete pod ticker --grace-period=1')).toMatch(/pod "ticker" deleted/);
            await k.refused('get pod ticker');
            const text = await k.ok('delete service,deployment -l app=web');
            for (const name of [
                'service "web"',
                'service "web-node"',
                'service "web-lb"',
                'deployment.apps "web"',
            ])
                expect(text).toContain(name);
            await eventually(
                'the pods of the Deployment are gone',
                async () => (await webPods(k)).size === 0,
            );
            expect(await k.cluster.fetchPage('http://10.213.0.2:8300/')).toBeUndefined();
        }, 90_000);
    });
}
