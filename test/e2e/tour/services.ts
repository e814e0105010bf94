import { describe, expect, it } from '@jest/globals';
import type { V1PodList, V1Service } from '../../../src/api/meta/object.ts';
import type { Kubectl } from '../../harness/kubectl.ts';
import { eventually } from '../../harness/machine.ts';

const replicaMarker = /served by ([a-z0-9-]+)/;

/** The pods that answered, in many requests over a new connection each; every request must be answered. */
async function answeringPods(kubectl: Kubectl, url: string, requests = 40): Promise<Set<string>> {
    const pages = await kubectl.cluster.fetchPages(url, requests);
    return new Set(
        pages.map((page) => {
            if (typeof page !== 'string') throw new Error(`${url} did not answer: ${page.error}`);
            return replicaMarker.exec(page)?.[1] ?? page;
        }),
    );
}

/** Names of the pods of deployment web. */
export async function webPods(kubectl: Kubectl): Promise<Set<string>> {
    const { items } = await kubectl.json<V1PodList>('get pods -l app=web');
    return new Set(items.map((pod) => pod.metadata?.name ?? ''));
}

async function expectSpread(kubectl: Kubectl, url: string): Promise<void> {
    const pods = await webPods(kubectl);
    await eventually(`all replicas answer at ${url}`, async () => {
        const answering = await answeringPods(kubectl, url);
        return answering.size === pods.size && [...pods].every((pod) => answering.has(pod));
    });
}

/** A Deployment of three, and each kind of Service before it. */
export function tourOfServices(kubectl: () => Kubectl): void {
    describe('a Deployment and its Services', () => {
        it('create deployment --replicas=3 makes three running pods', async () => {
            const k = kubectl();
            expect(await k.ok('create deployment web --image=hyperkube/hello:1 --replicas=3 --port=80')).toBe(
                'deployment.apps/web created\n',
            );
            await k.ok('rollout status deployment/web --timeout=60s');
            expect(await k.ok('get deployments')).toMatch(/^web\s+3\/3\s+3\s+3\s+/m);
            expect((await webPods(k)).size).toBe(3);
        }, 90_000);

        it('expose with a ClusterIP spreads requests over the replicas', async () => {
            const k = kubectl();
            expect(await k.ok('expose deployment web')).toBe('service/web exposed\n');
            const { spec } = await k.json<V1Service>('get service web');
            expect(spec?.clusterIP).toMatch(/^10\.96\./);
            expect(await k.ok('get svc web')).toMatch(/^web\s+ClusterIP\s+10\.96\.\S+\s+<none>\s+80\/TCP/m);
            await expectSpread(k, `http://${spec?.clusterIP}/`);
        }, 60_000);

        it('expose as NodePort answers at a port of the node', async () => {
            const k = kubectl();
            await k.ok('expose deployment web --type=NodePort --name=web-node --port=80');
            const { spec } = await k.json<V1Service>('get service web-node');
            const nodePort = spec?.ports?.[0]?.nodePort ?? 0;
            expect(nodePort).toBeGreaterThanOrEqual(30_000);
            expect(nodePort).toBeLessThanOrEqual(32_767);
            await expectSpread(k, `http://10.213.0.2:${nodePort}/`);
        }, 60_000);

        it('expose as LoadBalancer with an external IP and another target port answers at all its addresses', async () => {
            const k = kubectl();
            await k.ok(
                'expose deployment web --type=LoadBalancer --name=web-lb --port=8300 --target-port=80 --external-ip=10.213.0.2',
            );
            const { spec } = await k.json<V1Service>('get service web-lb');
            await expectSpread(k, `http://${spec?.clusterIP}:8300/`);
            await expectSpread(k, 'http://10.213.0.2:8300/');
            await expectSpread(k, `http://10.213.0.2:${spec?.ports?.[0]?.nodePort}/`);
            expect(await k.ok('get svc web-lb')).toMatch(
                /^web-lb\s+LoadBalancer\s+10\.96\.\S+\s+10\.213\.0\.2\s+8300:\d+\/TCP/m,
            );
        }, 60_000);

        it('describe service shows its addresses, ports and the three endpoints', async () => {
            const k = kubectl();
            const text = await k.ok('describe service web-lb');
            expect(text).toMatch(/^Selector:\s+app=web$/m);
            expect(text).toMatch(/^Type:\s+LoadBalancer$/m);
            expect(text).toMatch(/^External IPs?:\s+10\.213\.0\.2$/m);
            expect(text).toMatch(/^Port:\s+<unset>\s+8300\/TCP$/m);
            expect(text).toMatch(/^TargetPort:\s+80\/TCP$/m);
            expect(text).toMatch(/^NodePort:\s+<unset>\s+3\d{4}\/TCP$/m);
            expect(text).toMatch(/^Endpoints:\s+10\.244\.0\.\d+:80,10\.244\.0\.\d+:80,10\.244\.0\.\d+:80$/m);
            expect(text).toMatch(/^Session Affinity:\s+None$/m);
        });

        it('describe deployment shows strategy, conditions and events', async () => {
            const text = await kubectl().ok('describe deployment web');
            expect(text).toMatch(
                /^Replicas:\s+3 desired \| 3 updated \| 3 total \| 3 available \| 0 unavailable$/m,
            );
            expect(text).toMatch(/^StrategyType:\s+RollingUpdate$/m);
            expect(text).toMatch(/^RollingUpdateStrategy:\s+25% max unavailable, 25% max surge$/m);
            expect(text).toMatch(/Available\s+True\s+MinimumReplicasAvailable/);
            expect(text).toMatch(/Progressing\s+True\s+NewReplicaSetAvailable/);
            expect(text).toMatch(/^NewReplicaSet:\s+web-\S+ \(3\/3 replicas created\)$/m);
            expect(text).toMatch(/Normal\s+ScalingReplicaSet\s+.*Scaled up replica set web-\S+ .*to 3/);
        });

        it('describe pod shows containers, conditions, volumes, QoS class, tolerations and events', async () => {
            const k = kubectl();
            const [pod = ''] = await webPods(k);
            const text = await k.ok(`describe pod ${pod}`);
            expect(text).toMatch(/^Node:\s+node-1\/10\.213\.0\.2$/m);
            expect(text).toMatch(/^Status:\s+Running$/m);
            expect(text).toMatch(/^Controlled By:\s+ReplicaSet\/web-/m);
            expect(text).toMatch(/^\s+Container ID:\s+docker:\/\/[0-9a-f]{64}$/m);
            expect(text).toMatch(/^\s+Image:\s+hyperkube\/hello:1$/m);
            expect(text).toMatch(/^\s+State:\s+Running$/m);
            expect(text).toMatch(/^\s+Ready\s+True\s*$/m);
            expect(text).toMatch(
                /\/var\/run\/secrets\/kubernetes\.io\/serviceaccount from kube-api-access-\w{5} \(ro\)/,
            );
            expect(text).toMatch(/^QoS Class:\s+BestEffort$/m);
            expect(text).toMatch(/node\.kubernetes\.io\/not-ready:NoExecute op=Exists for 300s/);
            for (const reason of ['Scheduled', 'Pulled', 'Created', 'Started'])
                expect(text).toMatch(new RegExp(`Normal\\s+${reason}\\s`));
        });
    });
}
