import { describe, expect, it } from '@jest/globals';
import { resourceDefinitions } from './index.ts';

const strategyOf = (plural: string) => resourceDefinitions().find((one) => one.plural === plural)!.strategy;
const warningsOf = (plural: string, object: object, old?: object): string[] =>
    strategyOf(plural).warnings?.(object, old) ?? [];
const pod = (spec: object, annotations: Record<string, string> = {}): string[] =>
    warningsOf('pods', { metadata: { name: 'web', annotations }, spec });
const container = (more: object): object => ({ containers: [{ name: 'c', ...more }] });

describe('warnings about names', () => {
    const inPods =
        'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]';

    it.each(['deployments', 'replicasets', 'replicationcontrollers', 'statefulsets', 'jobs', 'cronjobs'])(
        'of %s, when they are new',
        (plural) => {
            const object = { metadata: { name: 'a.b', generation: 1 }, spec: {} };
            expect(warningsOf(plural, object)).toEqual([inPods]);
            expect(warningsOf(plural, object, object)).toEqual([]);
            expect(warningsOf(plural, { metadata: { name: 'a-b' }, spec: {} })).toEqual([]);
        },
    );

    it('of pods, but not of what gives pods other names', () => {
        expect(warningsOf('pods', { metadata: { name: 'a.b' }, spec: {} })).toEqual([
            "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
        ]);
        expect(warningsOf('daemonsets', { metadata: { name: 'a.b' }, spec: {} })).toEqual([]);
    });
});

describe('warnings about templates', () => {
    const template = (generation: number) => ({
        metadata: { name: 'd', generation },
        spec: {
            template: {
                metadata: {
                    annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' },
                },
                spec: container({}),
            },
        },
    });

    it('come when the spec has changed', () => {
        const said = [
            'spec.template.metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the "appArmorProfile" field instead',
        ];
        expect(warningsOf('deployments', template(1))).toEqual(said);
        expect(warningsOf('deployments', template(2), template(1))).toEqual(said);
        expect(warningsOf('deployments', template(1), template(1))).toEqual([]);
        expect(warningsOf('daemonsets', template(2), template(1))).toEqual(said);
    });

    it('stand at the template of a cron job', () => {
        const spec = { jobTemplate: { spec: { template: { spec: { terminationGracePeriodSeconds: -1 } } } } };
        expect(warningsOf('cronjobs', { metadata: { name: 'c' }, spec })).toEqual([
            'spec.jobTemplate.spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
        ]);
    });
});

describe('warnings about pods', () => {
    const requiredTerm = 'requiredDuringSchedulingIgnoredDuringExecution';
    const preferredTerm = 'preferredDuringSchedulingIgnoredDuringExecution';
    const os = 'beta.kubernetes.io/os';
    const useOs = 'deprecated since v1.14; use "kubernetes.io/os" instead';
    const term = { matchExpressions: [{ key: os, operator: 'In', values: ['-'] }] };
    const spread = (more: object) => ({ topologySpreadConstraints: [{ maxSkew: 1, ...more }] });

    it.each<[string, object, string[]]>([
        ['node selectors', { nodeSelector: { [os]: 'linux' } }, [`spec.nodeSelector[${os}]: ${useOs}`]],
        [
            'node affinity',
            {
                affinity: {
                    nodeAffinity: {
                        [requiredTerm]: { nodeSelectorTerms: [term] },
                        [preferredTerm]: [{ weight: 1, preference: term }],
                    },
                },
            },
            [
                `spec.affinity.nodeAffinity.${requiredTerm}.nodeSelectorTerms[0].matchExpressions[0].key: ${os} is ${useOs}`,
                `spec.affinity.nodeAffinity.${preferredTerm}[0].preference.matchExpressions[0].key: ${os} is ${useOs}`,
                expect.stringContaining(
                    `spec.affinity.nodeAffinity.${preferredTerm}[0].preference.matchExpressions[0].values[0]: - is invalid, a valid label must be`,
                ) as unknown as string,
            ],
        ],
        [
            'spreading',
            spread({ topologyKey: 'failure-domain.beta.kubernetes.io/zone' }),
            [
                'spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
                'spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod',
            ],
        ],
        [
            'affinity that selects nothing',
            {
                affinity: {
                    podAffinity: { [requiredTerm]: [{ topologyKey: 'a' }] },
                    podAntiAffinity: {
                        [preferredTerm]: [{ weight: 1, podAffinityTerm: { topologyKey: 'a' } }],
                    },
                },
            },
            [
                `spec.affinity.podAffinity.${requiredTerm}[0].labelSelector: a null labelSelector results in matching no pod`,
                `spec.affinity.podAntiAffinity.${preferredTerm}[0].podAffinityTerm.labelSelector: a null labelSelector results in matching no pod`,
            ],
        ],
        [
            'pull secrets',
            { imagePullSecrets: [{ name: 'a' }, { name: 'a' }, {}] },
            [
                'spec.imagePullSecrets[1].name: duplicate name "a"',
                'spec.imagePullSecrets[2].name: invalid empty name ""',
            ],
        ],
        [
            'fractions of bytes',
            {
                overhead: { memory: '1m' },
                initContainers: [{ name: 'i', resources: { limits: { 'ephemeral-storage': '1500m' } } }],
                ...container({
                    resources: { requests: { memory: '0.5', cpu: '1m' }, limits: { memory: '1k' } },
                }),
            },
            [
                'spec.overhead[memory]: fractional byte value "1m" is invalid, must be an integer',
                'spec.initContainers[0].resources.limits[ephemeral-storage]: fractional byte value "1500m" is invalid, must be an integer',
                'spec.containers[0].resources.requests[memory]: fractional byte value "500m" is invalid, must be an integer',
            ],
        ],
        [
            'variables',
            container({
                env: [
                    { name: 'A', value: 'a' },
                    { name: 'A', value: '$(A)b' },
                    { name: 'A', value: '$(A)' },
                    { name: 'A', valueFrom: {} },
                ],
            }),
            [2, 3].map(
                (index) =>
                    `spec.containers[0].env[${index}]: hides previous definition of "A", which may be dropped when using apply`,
            ),
        ],
        [
            'ports',
            container({
                ports: [
                    { containerPort: 80 },
                    { containerPort: 80, hostPort: 1, protocol: 'TCP' },
                    { containerPort: 80, protocol: 'UDP', hostIP: '1.2.3.4', name: 'u' },
                    { containerPort: 80 },
                ],
            }),
            [
                'spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]',
                'spec.containers[0].ports[2]: hostIP set without hostPort: {Name:u HostPort:0 ContainerPort:80 Protocol:UDP HostIP:1.2.3.4}',
                'spec.containers[0].ports[3]: duplicate port definition with spec.containers[0].ports[0]',
                'spec.containers[0].ports[3]: overlapping port definition with spec.containers[0].ports[1]',
            ],
        ],
        [
            'volumes of the past',
            {
                volumes: [
                    { name: 'v', storageos: {} },
                    { name: 'g', gitRepo: { repository: 'r' } },
                ],
            },
            [
                'spec.volumes[0].storageOS: deprecated in v1.22, non-functional in v1.25+',
                'spec.volumes[1].gitRepo: deprecated in v1.11, and disabled by default in v1.33+',
            ],
        ],
        [
            'files of a volume that overlap',
            {
                volumes: [
                    {
                        name: 'Test',
                        configMap: {
                            name: 'foo',
                            items: [
                                { key: 'k', path: 'test' },
                                { key: 'l', path: 'testing' },
                                { key: 'm', path: 'test/app/' },
                            ],
                        },
                    },
                    {
                        name: 'all',
                        projected: {
                            sources: [
                                { clusterTrustBundle: { signerName: 'signer', path: 'test/file' } },
                                { secret: { name: 's', items: [{ key: 'k', path: 'test' }] } },
                                { serviceAccountToken: { path: 'test' } },
                                {},
                            ],
                        },
                    },
                ],
            },
            [
                'volume "Test" (ConfigMap "foo"): overlapping paths: "test/app" with "test"',
                'volume "all" (Projected) has no sources provided',
                'volume "all" (Projected): overlapping paths: "test" (Secret "s") with "test/file" (ClusterTrustBundle "signer")',
                'volume "all" (Projected): overlapping paths: "test" (ServiceAccountToken) with "test/file" (ClusterTrustBundle "signer")',
                'volume "all" (Projected): overlapping paths: "test" (ServiceAccountToken) with "test" (Secret "s")',
            ],
        ],
    ])('tell of %s', (_case, spec, expected) => {
        expect(pod(spec)).toEqual(expected);
    });

    it('tell of annotations that fields have replaced, unless the fields are set', () => {
        const annotations = {
            'seccomp.security.alpha.kubernetes.io/pod': 'unconfined',
            'container.seccomp.security.alpha.kubernetes.io/c': 'unconfined',
            'container.apparmor.security.beta.kubernetes.io/c': 'unconfined',
            'scheduler.alpha.kubernetes.io/critical-pod': '',
        };
        const critical =
            'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead';
        expect(pod(container({}), annotations)).toEqual([
            critical,
            'metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the "seccompProfile" field instead',
            'metadata.annotations[container.seccomp.security.alpha.kubernetes.io/c]: non-functional in v1.27+; use the "seccompProfile" field instead',
            'metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the "appArmorProfile" field instead',
        ]);
        const profile = { seccompProfile: { type: 'Unconfined' }, appArmorProfile: { type: 'Unconfined' } };
        const spec = { securityContext: profile, ...container({ securityContext: profile }) };
        expect(pod(spec, annotations)).toEqual([critical]);
    });
});

describe('warnings about services', () => {
    const service = (spec: object, annotations = {}) =>
        warningsOf('services', {
            metadata: { name: 's', annotations },
            spec: { type: 'ClusterIP', ...spec },
        });

    it('tell of external addresses', () => {
        expect(service({ externalIPs: ['1.2.3.4'] })).toEqual([
            'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
        ]);
        expect(service({ type: 'ExternalName', externalName: 'a', externalIPs: ['1.2.3.4'] })).toEqual([
            'spec.externalIPs is ignored when spec.type is "ExternalName"',
        ]);
    });

    it('tell what a headless one ignores', () => {
        const ignored = { loadBalancerIP: '1.2.3.4', externalIPs: ['1.2.3.4'], sessionAffinity: 'ClientIP' };
        expect(service({ clusterIP: 'None', ...ignored })).toEqual([
            'spec.loadBalancerIP is ignored for headless services',
            'spec.externalIPs is ignored for headless services',
            'spec.SessionAffinity is ignored for headless services',
        ]);
        expect(service({ clusterIP: '10.0.0.1', sessionAffinity: 'ClientIP' })).toEqual([]);
    });

    it('tell of what has another name now', () => {
        const annotations = { 'service.kubernetes.io/topology-aware-hints': 'auto' };
        expect(service({ externalName: 'a', trafficDistribution: 'PreferClose' }, annotations)).toEqual([
            'annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead',
            'spec.externalName is ignored when spec.type is not "ExternalName"',
            'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
        ]);
    });
});

describe('warnings about other resources', () => {
    const betaClass =
        'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead';
    const annotated = (key: string) => ({ metadata: { name: 'x', annotations: { [key]: 'y' } } });

    it('tell of classes in annotations of an ingress that is new', () => {
        const ingress = annotated('kubernetes.io/ingress.class');
        expect(warningsOf('ingresses', ingress)).toEqual([
            `annotation "kubernetes.io/ingress.class" is deprecated, please use 'spec.ingressClassName' instead`,
        ]);
        expect(warningsOf('ingresses', ingress, ingress)).toEqual([]);
    });

    it('tell of volumes and claims', () => {
        const annotations = annotated('volume.beta.kubernetes.io/storage-class');
        const terms = [{ matchExpressions: [{ key: 'node-role.kubernetes.io/master', operator: 'Exists' }] }];
        const spec = {
            persistentVolumeReclaimPolicy: 'Recycle',
            nodeAffinity: { required: { nodeSelectorTerms: terms } },
            rbd: {},
        };
        expect(warningsOf('persistentvolumes', { ...annotations, spec })).toEqual([
            betaClass,
            'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
            'spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: node-role.kubernetes.io/master is use "node-role.kubernetes.io/control-plane" instead',
            'spec.rbd: deprecated in v1.28, non-functional in v1.31+',
        ]);
        const resources = { requests: { storage: '1500m' }, limits: { storage: '2' } };
        expect(warningsOf('persistentvolumeclaims', { ...annotations, spec: { resources } })).toEqual([
            betaClass,
            'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
        ]);
        const claims = { volumeClaimTemplates: [{ spec: { resources } }], revisionHistoryLimit: -1 };
        expect(warningsOf('statefulsets', { metadata: { name: 's' }, spec: claims })).toEqual([
            'spec.volumeClaimTemplates[0].spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
            'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
        ]);
    });

    it('tell who newly bounds the secrets of a service account', () => {
        const account = annotated('kubernetes.io/enforce-mountable-secrets');
        const said = [
            'metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets',
        ];
        expect(warningsOf('serviceaccounts', account)).toEqual(said);
        expect(warningsOf('serviceaccounts', account, { metadata: {} })).toEqual(said);
        expect(warningsOf('serviceaccounts', account, account)).toEqual([]);
    });

    it('tell of runtime classes that send pods to labels of the past', () => {
        const scheduling = { nodeSelector: { 'beta.kubernetes.io/arch': 'arm' } };
        expect(warningsOf('runtimeclasses', { metadata: { name: 'r' }, handler: 'h', scheduling })).toEqual([
            'scheduling.nodeSelector: deprecated since v1.14; use "kubernetes.io/arch" instead',
        ]);
    });
});
