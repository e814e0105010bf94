import { expect, it } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import http from 'node:http';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Cluster } from '../support/cluster.ts';
import { type Pod, podSpec } from '../support/objects.ts';
import { pathIn, runningPods, selecting } from '../support/workloads.ts';

const image = 'registry.example/agnhost:2.53';
const run = promisify(execFile);

const primary = (namespace: string): object => ({
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: 'agnhost-primary', namespace, labels: { app: 'agnhost', role: 'primary' } },
    spec: {
        replicas: 1,
        selector: { app: 'agnhost', role: 'primary' },
        template: {
            metadata: { labels: { app: 'agnhost', role: 'primary' } },
            spec: {
                containers: [
                    {
                        name: 'agnhost-primary',
                        image,
                        ports: [{ name: 'agnhost-server', containerPort: 6379 }],
                    },
                ],
            },
        },
    },
});

/** What kubectl does of which nothing but the API takes notice. */
export function kubectlCases(cluster: () => Cluster): void {
    const kubectl = async (namespace: string, command: string, input?: object): Promise<string> => {
        const args = ['--namespace', namespace, ...command.split(' ')];
        const { code, stdout, stderr } = await cluster().kubectl(args, input && JSON.stringify(input));
        if (code !== 0) throw new Error(`kubectl ${command}: ${stderr}`);
        return stdout;
    };
    const startPause = async (): Promise<string> => {
        const namespace = await cluster().namespace('kubectl');
        const pod = {
            apiVersion: 'v1',
            kind: 'Pod',
            metadata: { name: 'pause', labels: { name: 'pause', app: 'pause' } },
            spec: podSpec(),
        };
        await kubectl(namespace, 'create -f -', pod);
        await runningPods(cluster(), namespace, { app: 'pause', count: 1 });
        return namespace;
    };

    it('api-versions names v1', async () => {
        expect((await kubectl('default', 'api-versions')).split('\n')).toContain('v1');
    });

    it('version says which client and which server there are', async () => {
        const shown = JSON.parse(await kubectl('default', 'version -o json')) as Record<
            'clientVersion' | 'serverVersion',
            Record<string, string>
        >;
        // Whether there is a commit depends on how the server was built.
        const fields = ['gitVersion', 'gitCommit', 'buildDate', 'goVersion', 'compiler', 'platform'];
        for (const version of [shown.clientVersion, shown.serverVersion]) {
            expect(Object.keys(version)).toEqual(expect.arrayContaining(fields));
            expect(version['gitVersion']).toMatch(/^v1\.\d+\./);
        }
        expect(shown.serverVersion).toMatchObject({ major: '1', minor: '36' });
    });

    it('label sets a label, shows it, and takes it off', async () => {
        const namespace = await startPause();
        await kubectl(namespace, 'label pods pause testing-label=testing-label-value');
        expect(await kubectl(namespace, 'get pod pause -L testing-label')).toContain('testing-label-value');
        expect(await kubectl(namespace, 'get pod -l testing-label=testing-label-value -o name')).toBe(
            'pod/pause\n',
        );
        await kubectl(namespace, 'label pods pause testing-label-');
        expect(await kubectl(namespace, 'get pod pause -L testing-label')).not.toContain(
            'testing-label-value',
        );
    });

    it('patch annotates every pod of a ReplicationController', async () => {
        const namespace = await cluster().namespace('kubectl');
        await kubectl(namespace, 'create -f -', primary(namespace));
        const pods = await runningPods(cluster(), namespace, { app: 'agnhost', count: 1 });
        for (const { metadata } of pods) {
            await kubectl(namespace, `patch pod ${metadata.name} -p {"metadata":{"annotations":{"x":"y"}}}`);
        }
        const found = await runningPods(cluster(), namespace, { app: 'agnhost', count: 1 });
        expect(found.map(({ metadata }) => metadata.annotations?.['x'])).toEqual(['y']);
    });

    it('describe tells of pods, controllers, Services, nodes and namespaces', async () => {
        const namespace = await cluster().namespace('kubectl');
        await kubectl(namespace, 'create -f -', primary(namespace));
        const service = {
            ...{ apiVersion: 'v1', kind: 'Service' },
            metadata: { name: 'agnhost-primary', labels: { app: 'agnhost', role: 'primary' } },
            spec: {
                ports: [{ port: 6379, targetPort: 'agnhost-server' }],
                selector: { app: 'agnhost', role: 'primary' },
            },
        };
        await kubectl(namespace, 'create -f -', service);
        const [pod] = await runningPods(cluster(), namespace, { app: 'agnhost', count: 1 });
        const expectDescribed = async (what: string, lines: readonly RegExp[]): Promise<void> => {
            const text = await kubectl(namespace, `describe ${what}`);
            for (const line of lines) expect(text).toMatch(line);
        };
        await expectDescribed(`pod ${pod!.metadata.name}`, [
            /^Name: +agnhost-primary-/m,
            new RegExp(`^Namespace: +${namespace}$`, 'm'),
            /^Node: +node-1\//m,
            /^Labels: +app=agnhost/m,
            /^ +role=primary$/m,
            /^Annotations: /m,
            /^Status: +Running$/m,
            /^IP: +10\.244\./m,
            /^Controlled By: +ReplicationController\/agnhost-primary$/m,
            new RegExp(`^ +Image: +${image}$`, 'm'),
            /^ +State: +Running$/m,
            /^QoS Class: +BestEffort$/m,
        ]);
        await expectDescribed('rc agnhost-primary', [
            /^Name: +agnhost-primary$/m,
            /^Selector: +app=agnhost,role=primary$/m,
            /^Replicas: +1 current \/ 1 desired$/m,
            /^Pods Status: +1 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed$/m,
            /^Pod Template:$/m,
            new RegExp(`^ +Image: +${image}$`, 'm'),
            /SuccessfulCreate .*replication-controller +Created pod: agnhost-primary-/m,
        ]);
        await expectDescribed('service agnhost-primary', [
            /^Name: +agnhost-primary$/m,
            /^Selector: +app=agnhost,role=primary$/m,
            /^Type: +ClusterIP$/m,
            /^IP: +\d+\.\d+\.\d+\.\d+$/m,
            /^Port: +<unset> +6379\/TCP$/m,
            /^Endpoints: +10\.244\.\d+\.\d+:6379$/m,
            /^Session Affinity: +None$/m,
        ]);
        await expectDescribed('node node-1', [
            /^Name: +node-1$/m,
            /^Labels: /m,
            /^Annotations: /m,
            /^CreationTimestamp: /m,
            /^Conditions:$/m,
            /^ +Type +Status/m,
            /^ +InternalIP: +192\.0\.2\.10$/m,
            /^Capacity:$/m,
            /^Non-terminated Pods: /m,
        ]);
        await expectDescribed(`namespace ${namespace}`, [
            new RegExp(`^Name: +${namespace}$`, 'm'),
            /^Labels: /m,
            /^Annotations: /m,
            /^Status: +Active$/m,
            /^No resource quota\.$/m,
            /^No LimitRange resource\.$/m,
        ]);
    });

    it('diff finds what a declared Deployment would change', async () => {
        const namespace = await cluster().namespace('kubectl');
        const deployment = (from: string): object => ({
            ...{
                apiVersion: 'apps/v1',
                kind: 'Deployment',
                metadata: { name: 'httpd-deployment', namespace },
            },
            spec: { replicas: 1, ...selecting('httpd', from) },
        });
        await kubectl(namespace, 'create -f -', deployment('registry.example/httpd:1'));
        const args = ['--namespace', namespace, 'diff', '-f', '-'];
        const text = JSON.stringify(deployment('registry.example/busybox:1'));
        const { code, stdout } = await cluster().kubectl(args, text);
        expect(code).toBe(1);
        expect(stdout).toMatch(/^-.*image: registry\.example\/httpd:1$/m);
        expect(stdout).toMatch(/^\+.*image: registry\.example\/busybox:1$/m);
    });

    it('replace changes the image of a pod', async () => {
        const namespace = await cluster().namespace('kubectl');
        await kubectl(namespace, `run e2e-test-pod --image=${image} --labels=run=e2e-test-pod,app=e2e`);
        await runningPods(cluster(), namespace, { app: 'e2e', count: 1 });
        const pod = JSON.parse(await kubectl(namespace, 'get pod e2e-test-pod -o json')) as Pod;
        pod.spec!.containers[0]!.image = 'registry.example/busybox:1';
        expect(await kubectl(namespace, 'replace -f -', pod)).toContain('pod/e2e-test-pod replaced');
        const found = await cluster().get<Pod>(`${pathIn(namespace, 'v1', 'pods')}/e2e-test-pod`);
        expect(found.spec?.containers[0]?.image).toBe('registry.example/busybox:1');
    });

    it('a dry run on the server changes nothing', async () => {
        const namespace = await cluster().namespace('kubectl');
        await kubectl(namespace, `run e2e-test-pod --image=${image} --labels=run=e2e-test-pod,app=e2e`);
        await runningPods(cluster(), namespace, { app: 'e2e', count: 1 });
        const patch = JSON.stringify({
            spec: { containers: [{ name: 'e2e-test-pod', image: 'registry.example/busybox:1' }] },
        });
        const shown = await kubectl(namespace, `patch pod e2e-test-pod -p ${patch} --dry-run=server -o json`);
        expect((JSON.parse(shown) as Pod).spec?.containers[0]?.image).toBe('registry.example/busybox:1');
        const found = await cluster().get<Pod>(`${pathIn(namespace, 'v1', 'pods')}/e2e-test-pod`);
        expect(found.spec?.containers[0]?.image).toBe(image);
    });

    it('scale changes how many pods a ReplicationController has', async () => {
        const namespace = await cluster().namespace('kubectl');
        await kubectl(namespace, 'create -f -', primary(namespace));
        for (const count of [2, 1, 2]) {
            await kubectl(namespace, `scale rc agnhost-primary --replicas=${count}`);
            await runningPods(cluster(), namespace, { app: 'agnhost', count });
        }
        const template = '{{range .items}}{{.status.phase}} {{end}}';
        const shown = await cluster().kubectl([
            '-n',
            namespace,
            'get',
            'pods',
            '-o',
            'template',
            `--template=${template}`,
        ]);
        expect(shown.stdout).toBe('Running Running ');
    });

    it('expose makes Services of a controller and of a Service', async () => {
        const namespace = await cluster().namespace('kubectl');
        await kubectl(namespace, 'create -f -', primary(namespace));
        await kubectl(namespace, 'expose rc agnhost-primary --name=rm2 --port=1234 --target-port=6379');
        await kubectl(namespace, 'expose service rm2 --name=rm3 --port=2345 --target-port=6379');
        const shown = await kubectl(
            namespace,
            'get services rm2 rm3 -o jsonpath={.items[*].spec.ports[0].port}',
        );
        expect(shown).toBe('1234 2345');
    });

    it('proxy serves the API on a port that it chooses', async () => {
        const args = ['--kubeconfig', cluster().kubeconfig, 'proxy', '--port=0'];
        const child = spawn('kubectl', args, { stdio: ['ignore', 'pipe', 'inherit'] });
        try {
            const line = await new Promise<string>((resolve) => {
                createInterface(child.stdout).once('line', resolve);
            });
            const [, address = ''] = /^Starting to serve on (127\.0\.0\.1:\d+)$/.exec(line) ?? [];
            const reply = await fetch(`http://${address}/api/`);
            expect(await reply.json()).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
        } finally {
            child.kill();
        }
    });

    it('proxy serves the API on a unix socket', async () => {
        const path = join(tmpdir(), `hyperkube-proxy-${process.pid}.sock`);
        const args = ['--kubeconfig', cluster().kubeconfig, 'proxy', `--unix-socket=${path}`];
        const child = spawn('kubectl', args, { stdio: ['ignore', 'pipe', 'inherit'] });
        try {
            await new Promise((resolve) => createInterface(child.stdout).once('line', resolve));
            const text = await new Promise<string>((resolve, reject) => {
                http.get({ socketPath: path, path: '/api/' }, (response) => {
                    let body = '';
                    response.on('data', (chunk) => (body += String(chunk)));
                    response.on('end', () => {
                        resolve(body);
                    });
                }).on('error', reject);
            });
            expect(JSON.parse(text)).toMatchObject({ kind: 'APIVersions' });
        } finally {
            child.kill();
            await run('rm', ['-f', path]);
        }
    });

    it('create refuses what is not in the schema before anything is made', async () => {
        const namespace = await cluster().namespace('kubectl');
        const bad = primary(namespace) as { spec: Record<string, unknown> };
        bad.spec['nosuchfield'] = true;
        const { code, stderr } = await cluster().kubectl(
            ['-n', namespace, 'create', '-f', '-'],
            JSON.stringify(bad),
        );
        expect(code).toBe(1);
        expect(stderr).toContain('unknown field "spec.nosuchfield"');
    });
}
