import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ApiObject } from '../../../../api/meta/object.ts';
import { namespaces, pods } from '../../../../client/resource-type.ts';
import { renderMetrics } from '../../../../store/etcd/server/http/metric.ts';
import type { AdmissionRequest } from '../../admission.ts';
import { admissionRequest, admit } from '../../testing/admission-request.ts';
import { MemoryClient } from '../../testing/memory-client.ts';
import { MemoryReader } from '../../testing/memory-reader.ts';
import { type AdmissionConfiguration, readAdmissionConfiguration } from '../configuration.ts';
import { admissionPluginNames, AdmissionMetrics, createAdmission } from '../index.ts';

let reader: MemoryReader;
let warnings: string[];
let annotations: Record<string, string>;

const label = (mode: string) => `pod-security.kubernetes.io/${mode}`;
const namespace = (labels: Record<string, string>, name = 'ns'): ApiObject => ({
    metadata: { name, labels },
});
const bad = { hostNetwork: true, containers: [{ name: 'c' }] };
const pod = (spec: object = bad, name = 'p') => ({ metadata: { name, namespace: 'ns' }, spec }) as ApiObject;
const violation = 'host namespaces (hostNetwork=true)';

let metrics = new AdmissionMetrics();

async function run(
    resource: string,
    object: ApiObject,
    more: Partial<AdmissionRequest> = {},
    configuration?: AdmissionConfiguration,
): Promise<void> {
    warnings = [];
    annotations = {};
    const plugins = createAdmission({
        reader,
        client: () => new MemoryClient(reader),
        enable: ['PodSecurity'],
        disable: admissionPluginNames.filter((name) => name !== 'PodSecurity'),
        metrics,
        ...(configuration === undefined ? {} : { configuration }),
    });
    await admit(
        plugins,
        admissionRequest(resource, object, {
            warn: (message) => warnings.push(message),
            annotate: (key, value) => {
                annotations[key] = value;
            },
            ...more,
        }),
    );
}

beforeEach(() => {
    metrics = new AdmissionMetrics();
    reader = new MemoryReader();
});

describe('PodSecurity', () => {
    it('lets everything pass in namespaces without labels', async () => {
        reader.set(namespaces, namespace({}));
        await run('pods', pod());
        expect(warnings).toEqual([]);
    });

    it('refuses pods that violate what is enforced', async () => {
        reader.set(
            namespaces,
            namespace({ [label('enforce')]: 'baseline', [label('enforce-version')]: 'v1.30' }),
        );
        await expect(run('pods', pod())).rejects.toMatchObject({
            code: 403,
            message: `pods "p" is forbidden: violates PodSecurity "baseline:v1.30": ${violation}`,
        });
        expect(annotations).toEqual({ [label('enforce-policy')]: 'baseline:v1.30' });
        await run('pods', pod({ containers: [{ name: 'c' }] }));
        const counted = renderMetrics(await metrics.source());
        for (const decision of ['allow', 'deny']) {
            expect(counted).toContain(
                `pod_security_evaluations_total{decision="${decision}",policy_level="baseline",policy_version="v1.30",mode="enforce",request_operation="create",resource="pod",subresource=""} 1`,
            );
        }
    });

    it('only warns and remarks where that is what the labels say', async () => {
        reader.set(namespaces, namespace({ [label('warn')]: 'baseline', [label('audit')]: 'baseline' }));
        await run('pods', pod());
        expect(warnings).toEqual([`would violate PodSecurity "baseline:latest": ${violation}`]);
        expect(annotations[label('audit-violations')]).toBe(
            `would violate PodSecurity "baseline:latest": ${violation}`,
        );
    });

    it.each<[string, object]>([
        ['deployments.apps', { template: { spec: bad } }],
        ['jobs.batch', { template: { spec: bad } }],
        ['cronjobs.batch', { jobTemplate: { spec: { template: { spec: bad } } } }],
    ])('warns about the pods that %s will make, also of what is enforced', async (resource, spec) => {
        reader.set(namespaces, namespace({ [label('enforce')]: 'baseline' }));
        await run(resource, { metadata: { name: 'w', namespace: 'ns' }, spec } as ApiObject);
        expect(warnings).toEqual([`would violate PodSecurity "baseline:latest": ${violation}`]);
        await run(`${resource}/status`, { metadata: { name: 'w', namespace: 'ns' }, spec } as ApiObject);
        expect(warnings).toEqual([]);
    });

    it('looks at updates of pods only when they change what matters', async () => {
        reader.set(namespaces, namespace({ [label('enforce')]: 'baseline' }));
        const update = { operation: 'UPDATE' as const, oldObject: pod() };
        await run('pods', pod(), update);
        await run('pods/status', pod(), update);
        const image = { ...bad, containers: [{ name: 'c', image: 'new' }] };
        await expect(run('pods', pod(image), update)).rejects.toThrow(violation);
        const debug = { ...bad, ephemeralContainers: [{ name: 'd' }] };
        await expect(run('pods/ephemeralcontainers', pod(debug), update)).rejects.toThrow(violation);
    });

    it('refuses labels that are not valid, but not those that were there before', async () => {
        const wrong = namespace({ [label('enforce')]: 'strict', [label('warn-version')]: '1.2' });
        await expect(run('namespaces', wrong)).rejects.toMatchObject({
            code: 422,
            message: `Namespace "ns" is invalid: [metadata.labels[${label('enforce')}]: Invalid value: "strict": must be one of privileged, baseline, restricted, metadata.labels[${label('warn-version')}]: Invalid value: "1.2": must be "latest" or "v1.x"]`,
        });
        await run('namespaces', wrong, { operation: 'UPDATE', oldObject: wrong });
        reader.set(namespaces, wrong);
        await expect(run('pods', pod({ containers: [{ name: 'c' }] }))).rejects.toThrow(
            '"restricted:latest"',
        );
    });

    it('tells which pods a stricter level finds in the namespace', async () => {
        const strict = namespace({ [label('enforce')]: 'baseline' });
        const update = { operation: 'UPDATE' as const, oldObject: namespace({}) };
        reader.set(pods, pod(bad, 'b'), pod(bad, 'a'), pod({ ...bad, hostPID: true }, 'c'));
        reader.set(pods, pod({ containers: [] }, 'fine'));
        await run('namespaces', strict, update);
        expect(warnings).toEqual([
            'existing pods in namespace "ns" violate the new PodSecurity enforce level "baseline:latest"',
            'a (and 2 other pods): host namespaces',
        ]);
        await run('namespaces', namespace({}), { operation: 'UPDATE', oldObject: strict });
        expect(warnings).toEqual([]);
    });

    it('checks no more pods of a namespace than it may', async () => {
        for (let i = 0; i < 3001; i++) reader.set(pods, pod({ containers: [] }, `p${i}`));
        const update = { operation: 'UPDATE' as const, oldObject: namespace({}) };
        await run('namespaces', namespace({ [label('enforce')]: 'baseline' }), update);
        expect(warnings).toEqual([
            'new PodSecurity enforce level only checked against the first 3000 of 3001 existing pods',
        ]);
    });
});

describe('--admission-control-config-file', () => {
    const file = (podSecurity: object): Buffer =>
        Buffer.from(
            JSON.stringify({
                apiVersion: 'apiserver.config.k8s.io/v1',
                kind: 'AdmissionConfiguration',
                plugins: [
                    {
                        name: 'PodSecurity',
                        configuration: {
                            apiVersion: 'pod-security.admission.config.k8s.io/v1',
                            kind: 'PodSecurityConfiguration',
                            ...podSecurity,
                        },
                    },
                ],
            }),
        );
    const read = async (podSecurity: object) =>
        await readAdmissionConfiguration(file(podSecurity), () => Promise.reject(new Error('no file')));

    it('sets defaults for namespaces without labels, and exempts', async () => {
        const configuration = await read({
            defaults: { enforce: 'baseline', 'enforce-version': 'v1.36' },
            exemptions: { usernames: ['root'], namespaces: ['free'], runtimeClasses: ['vm'] },
        });
        reader.set(namespaces, namespace({}), namespace({}, 'free'));
        await expect(run('pods', pod(), {}, configuration)).rejects.toThrow('"baseline:v1.36"');
        const root = { username: 'root', uid: '', groups: [], extra: {} };
        await run('pods', pod(), { identity: root }, configuration);
        expect(annotations).toEqual({ [label('exempt')]: 'user' });
        await run('pods', pod(), { namespace: 'free' }, configuration);
        expect(annotations).toEqual({ [label('exempt')]: 'namespace' });
        await run('pods', pod({ ...bad, runtimeClassName: 'vm' }), {}, configuration);
        expect(annotations).toEqual({ [label('exempt')]: 'runtimeClass' });
    });

    it.each([
        [{ defaults: { warn: 'high' } }, 'defaults.warn: Invalid value: "high"'],
        [{ defaults: { 'audit-version': '1' } }, 'defaults.audit-version: Invalid value: "1"'],
        [{ exemptions: { namespaces: 'all' } }, 'exemptions.namespaces: must be a list of names'],
        [{ kind: 'Other' }, 'expected a PodSecurityConfiguration'],
    ])('is refused with %j', async (podSecurity, expected) => {
        await expect(read(podSecurity)).rejects.toThrow(expected);
    });
});
