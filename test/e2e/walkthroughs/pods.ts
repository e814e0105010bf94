import { describe, expect, it } from '@jest/globals';
import type { Kubectl } from '../../harness/kubectl.ts';
import { eventually } from '../../harness/machine.ts';
import { leastOomScoreAdj } from '../../../src/components/kubelet/runtime/oom-score.ts';
import { idle, once, pod, shell } from '../../harness/manifests.ts';

const nginxPod = `apiVersion: v1
kind: Pod
metadata:
  name: web-pod
  labels:
    app: web-pod
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: nginx
      image: hyperkube/hello:1
      ports:
        - containerPort: 80
`;

const commandPod = `apiVersion: v1
kind: Pod
metadata:
  name: command-pod
spec:
  restartPolicy: Never
  containers:
    - name: speaker
      image: busybox:local
      command: ["/bin/sh", "-c", "echo $0 $WORD"]
      args: ["hello"]
      env:
        - name: WORD
          value: world
`;

const twoContainers = (memory: string): string => `apiVersion: v1
kind: Pod
metadata:
  name: limited
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: db
      image: busybox:local
      command: ["sh", "-c", "while :; do sleep 1; done"]
      resources:
        requests: { memory: "64Mi", cpu: "250m" }
        limits: { memory: "${memory}", cpu: "500m" }
    - name: front
      image: busybox:local
      command: ["sh", "-c", "while :; do sleep 1; done"]
      resources:
        requests: { memory: "64Mi", cpu: "250m" }
        limits: { memory: "128Mi", cpu: "500m" }
`;

/** Values of the container's own cgroup, under either version of cgroups. */
const showCgroup = `cd /sys/fs/cgroup
cat memory/memory.limit_in_bytes 2>/dev/null || cat memory.max
cat cpu/cpu.cfs_quota_us 2>/dev/null || cut -d" " -f1 cpu.max
cat cpu/cpu.shares 2>/dev/null || cat cpu.weight`;

/** Section 4: pods from files. */
export function walkPods(kubectl: () => Kubectl): void {
    describe('pods from files', () => {
        it('one web pod is created, runs, is described, and lists its processes', async () => {
            const k = kubectl();
            expect(await k.ok('create -f -', { input: nginxPod })).toBe('pod/web-pod created\n');
            await k.untilReady('web-pod');
            expect(await k.ok('get pod web-pod')).toMatch(/^web-pod\s+1\/1\s+Running\s+0/m);
            const text = await k.ok('describe pod web-pod');
            const sections = [
                'Containers:',
                'Conditions:',
                'Volumes:',
                'QoS Class:',
                'Tolerations:',
                'Events:',
            ];
            const positions = sections.map((section) => text.indexOf(`\n${section}`));
            expect(positions).not.toContain(-1);
            expect(positions).toEqual([...positions].sort((a, b) => a - b));
            expect(text).toMatch(
                /Normal\s+Scheduled\s+.*default-scheduler\s+Successfully assigned default\/web-pod to node-1/,
            );
            for (const reason of ['Pulled', 'Created', 'Started'])
                expect(text).toMatch(new RegExp(`Normal\\s+${reason}\\s+.*kubelet`));
            expect(await k.ok('exec web-pod -- ps -ef')).toMatch(/^\s*1 root\s.*hello/m);
            expect(await k.ok('delete pod web-pod')).toMatch(/^pod "web-pod" deleted/);
            await k.refused('get pod web-pod');
        }, 60_000);

        it('command, args and env: logs say "hello world" and the pod is Completed', async () => {
            const k = kubectl();
            await k.ok('create -f -', { input: commandPod });
            await k.untilPhase('command-pod', 'Succeeded');
            expect(await k.ok('logs command-pod')).toBe('hello world\n');
            expect(await k.ok('get pod command-pod')).toMatch(/^command-pod\s+0\/1\s+Completed\s+0/m);
        }, 60_000);

        it('a long-running pod is in docker ps as k8s_long… beside its pause container', async () => {
            const k = kubectl();
            const container = { name: 'long', image: 'busybox:local', command: ['tail', '-f', '/dev/null'] };
            await k.send('create', pod('long-pod', { containers: [container] }));
            const { metadata } = await k.untilReady('long-pod');
            const names = (await k.cluster.docker('ps', '--format', '{{.Names}}')).split('\n');
            expect(names).toContain(`k8s_long_long-pod_default_${metadata?.uid}_0`);
            expect(names).toContain(`k8s_POD_long-pod_default_${metadata?.uid}_0`);
            await k.ok('delete pod long-pod');
            await eventually(
                'its containers are gone',
                async () =>
                    !(await k.cluster.docker('ps', '-a', '--format', '{{.Names}}')).includes('long-pod'),
            );
        }, 60_000);

        it('requests and limits of two containers are those of their cgroups', async () => {
            const k = kubectl();
            await k.ok('create -f -', { input: twoContainers('96Mi') });
            await k.untilReady('limited');
            const values = async (container: string) =>
                (await k.inPod('limited', showCgroup, container)).trim().split('\n');
            const [memory, quota, share] = await values('db');
            expect(memory).toBe(String(96 * 1024 * 1024));
            expect(quota).toBe('50000');
            expect(['256', '10']).toContain(share);
            expect((await values('front'))[0]).toBe(String(128 * 1024 * 1024));
            const score = Number(await k.inPod('limited', 'cat /proc/1/oom_score_adj', 'db'));
            expect(score).toBeGreaterThan(2);
            expect(score).toBeLessThan(1000);
            expect(await k.ok('describe pod limited')).toMatch(/^QoS Class:\s+Burstable$/m);
            await k.ok('delete pod limited');
        }, 60_000);

        it('the quantity 128mi is refused in the words of upstream', async () => {
            const k = kubectl();
            const said = await k.refused('create -f -', { input: twoContainers('128mi') });
            expect(said).toContain("cannot be handled as a Pod: unable to parse quantity's suffix");
            await k.refused('get pod limited');
        });

        it('QoS classes follow from requests and limits, and with them the oom score', async () => {
            const k = kubectl();
            const resources = {
                requests: { memory: '32Mi', cpu: '50m' },
                limits: { memory: '32Mi', cpu: '50m' },
            };
            const show = 'cat /proc/self/oom_score_adj';
            await k.send(
                'create',
                once('guaranteed', show, { containers: [shell('main', show, { resources })] }),
                once('best-effort', show),
            );
            const { status } = await k.untilPhase('guaranteed', 'Succeeded');
            expect(status?.qosClass).toBe('Guaranteed');
            const least = await leastOomScoreAdj();
            expect(await k.ok('logs guaranteed')).toBe(`${Math.max(-997, least)}\n`);
            await k.untilPhase('best-effort', 'Succeeded');
            expect(await k.ok('logs best-effort')).toBe('1000\n');
        }, 60_000);

        it('workingDir is where the process starts', async () => {
            const containers = [shell('main', 'pwd', { workingDir: '/var/run' })];
            expect(await kubectl().outputOf(once('working-dir', '', { containers }))).toBe('/var/run\n');
        }, 60_000);

        it('security context: user, group, read-only root and capabilities', async () => {
            const script = 'id -u; id -g; touch /file 2>&1; grep CapEff /proc/self/status';
            const securityContext = {
                runAsUser: 1234,
                runAsGroup: 2345,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
            };
            const containers = [shell('main', script, { securityContext })];
            const lines = (await kubectl().outputOf(once('secured', '', { containers }))).split('\n');
            expect(lines.slice(0, 2)).toEqual(['1234', '2345']);
            expect(lines[2]).toMatch(/Read-only file system/);
            expect(lines[3]).toMatch(/CapEff:\s+0{16}/);
        }, 60_000);

        it('terminationGracePeriodSeconds: a container that ignores SIGTERM is killed after it, not before', async () => {
            const k = kubectl();
            const stubborn = {
                name: 'main',
                image: 'busybox:local',
                command: ['sh', '-c', `trap "" TERM; ${idle}`],
            };
            await k.send(
                'create',
                pod('stubborn', { terminationGracePeriodSeconds: 3, containers: [stubborn] }),
            );
            await k.untilReady('stubborn');
            const started = performance.now();
            const deletion = k.ok('delete pod stubborn');
            await eventually('it is Terminating', async () =>
                /Terminating/.test(await k.ok('get pod stubborn')),
            );
            await deletion;
            const seconds = (performance.now() - started) / 1000;
            expect(seconds).toBeGreaterThan(2.5);
            expect(seconds).toBeLessThan(10);
        }, 60_000);

        it('imagePullSecrets that are there or missing do not stop a pod whose image is local', async () => {
            const k = kubectl();
            await k.ok(
                'create secret docker-registry pull --docker-server=r.example --docker-username=u --docker-password=p',
            );
            await k.outputOf(once('with-pull-secret', 'true', { imagePullSecrets: [{ name: 'pull' }] }));
            await k.outputOf(
                once('without-pull-secret', 'true', { imagePullSecrets: [{ name: 'missing' }] }),
            );
        }, 60_000);

        it('environment from fields, resources, ConfigMaps, Secrets and Services', async () => {
            const k = kubectl();
            await k.ok('create configmap words --from-literal=greeting=hello --from-literal=SUBJECT=world');
            await k.ok('create secret generic hidden --from-literal=password=s3cret');
            const env = [
                { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
                {
                    name: 'LIMIT',
                    valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } },
                },
                { name: 'GREETING', valueFrom: { configMapKeyRef: { name: 'words', key: 'greeting' } } },
                { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'hidden', key: 'password' } } },
                { name: 'BOTH', value: '$(GREETING) $(NAME)' },
            ];
            const script =
                'echo $NAME; echo $IP; echo $LIMIT; echo $GREETING $SUBJECT; echo $PASSWORD; echo $BOTH; echo $KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT; hostname';
            const main = shell('main', script, {
                env,
                envFrom: [{ configMapRef: { name: 'words' } }],
                resources: { limits: { memory: '48Mi' } },
            });
            const lines = (await k.outputOf(once('env-pod', '', { containers: [main] }))).trim().split('\n');
            expect(lines[1]).toMatch(/^10\.244\.0\.\d+$/);
            expect(lines.filter((_, i) => i !== 1)).toEqual([
                'env-pod',
                '48',
                'hello world',
                's3cret',
                'hello env-pod',
                '10.96.0.1:443',
                'env-pod',
            ]);
        }, 60_000);

        it('a variable from a ConfigMap that is missing is CreateContainerConfigError until it is there', async () => {
            const k = kubectl();
            const env = [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'later', key: 'a' } } }];
            await k.send(
                'create',
                once('waits-for-config', '', { containers: [shell('main', 'echo $A', { env })] }),
            );
            await k.untilPod('waits-for-config', ({ status }) => {
                const waiting = status?.containerStatuses?.[0]?.state?.waiting;
                return (
                    waiting?.reason === 'CreateContainerConfigError' &&
                    waiting.message === 'configmap "later" not found'
                );
            });
            await k.ok('create configmap later --from-literal=a=here');
            await k.untilPhase('waits-for-config', 'Succeeded');
            expect(await k.ok('logs waits-for-config')).toBe('here\n');
        }, 90_000);
    });
}
