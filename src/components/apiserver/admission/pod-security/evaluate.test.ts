import { describe, expect, it } from '@jest/globals';
import type { V1PodSpec } from '../../../../api/meta/object.ts';
import { detailText, evaluate, reasonText } from './evaluate.ts';
import { type Level, parseVersion } from './levels.ts';

const podOf = (spec: object, annotations: Record<string, string> = {}) => ({
    metadata: { annotations },
    spec: { containers: [{ name: 'c' }], ...spec } as V1PodSpec,
});
const container = (more: object, name = 'c') => ({ name, ...more });
const secured = (context: object = {}, podContext: object = {}) => ({
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' }, ...podContext },
    containers: [
        container({
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, ...context },
        }),
    ],
});
const judge = (level: Level, version: string, pod: ReturnType<typeof podOf>): string => {
    const parsed = parseVersion(version);
    if (parsed === undefined) throw new Error(`no version: ${version}`);
    return detailText(evaluate(pod, { level, version: parsed }));
};
const withContext = (securityContext: object) => ({ containers: [container({ securityContext })] });
const apparmor = 'container.apparmor.security.beta.kubernetes.io/c';
const seccompAnnotation = 'seccomp.security.alpha.kubernetes.io/pod';

describe('baseline', () => {
    it.each<[string, object, string, Record<string, string>?]>([
        ['nothing special', {}, ''],
        [
            'AppArmor by annotation',
            {},
            `forbidden AppArmor profile (annotation "${apparmor}" must not set AppArmor profile type to "unconfined")`,
            { [apparmor]: 'unconfined' },
        ],
        ['a local AppArmor profile', {}, '', { [apparmor]: 'localhost/x' }],
        [
            'AppArmor of pod and container',
            {
                securityContext: { appArmorProfile: { type: 'Unconfined' } },
                ...withContext({ appArmorProfile: { type: 'Unconfined' } }),
            },
            'forbidden AppArmor profile (pod and container "c" must not set AppArmor profile type to "Unconfined")',
        ],
        ['a good AppArmor profile', withContext({ appArmorProfile: { type: 'RuntimeDefault' } }), ''],
        [
            'capabilities',
            withContext({ capabilities: { add: ['NET_RAW', 'CHOWN', 'BPF'] } }),
            'non-default capabilities (container "c" must not include "BPF", "NET_RAW" in securityContext.capabilities.add)',
        ],
        ['default capabilities', withContext({ capabilities: { add: ['CHOWN'] } }), ''],
        [
            'host namespaces',
            { hostNetwork: true, hostPID: true, hostIPC: true },
            'host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)',
        ],
        [
            'host paths',
            {
                volumes: [
                    { name: 'a', hostPath: { path: '/' } },
                    { name: 'b', hostPath: { path: '/' } },
                ],
            },
            'hostPath volumes (volumes "a", "b")',
        ],
        ['other volumes', { volumes: [{ name: 'a', nfs: {} }] }, ''],
        [
            'host ports',
            {
                initContainers: [container({ ports: [{ hostPort: 80 }] }, 'i')],
                containers: [container({ ports: [{ hostPort: 443 }, { containerPort: 1 }] })],
            },
            'hostPort (containers "i", "c" use hostPorts 443, 80)',
        ],
        [
            'one host port',
            { containers: [container({ ports: [{ hostPort: 80 }] })] },
            'hostPort (container "c" uses hostPort 80)',
        ],
        ['ports', { containers: [container({ ports: [{ containerPort: 80 }] })] }, ''],
        [
            'hosts of probes',
            {
                containers: [
                    container({
                        livenessProbe: { httpGet: { host: 'a' } },
                        lifecycle: { preStop: { tcpSocket: { host: 'b' } } },
                    }),
                ],
            },
            'probe or lifecycle host (container "c" uses probe or lifecycle hosts "a", "b")',
        ],
        ['probes without host', { containers: [container({ livenessProbe: { httpGet: { port: 1 } } })] }, ''],
        [
            'privileged',
            withContext({ privileged: true }),
            'privileged (container "c" must not set securityContext.privileged=true)',
        ],
        [
            'privileged ephemeral containers',
            { ephemeralContainers: [container({ securityContext: { privileged: true } }, 'e')] },
            'privileged (container "e" must not set securityContext.privileged=true)',
        ],
        ['not privileged', withContext({ privileged: false }), ''],
        [
            'proc mounts',
            withContext({ procMount: 'Unmasked' }),
            'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
        ],
        ['proc mounts with own users', { hostUsers: false, ...withContext({ procMount: 'Unmasked' }) }, ''],
        ['the default proc mount', withContext({ procMount: 'Default' }), ''],
        [
            'SELinux',
            {
                securityContext: { seLinuxOptions: { type: 'bad', user: 'u' } },
                ...withContext({ seLinuxOptions: { role: 'r' } }),
            },
            'seLinuxOptions (pod and container "c" set forbidden securityContext.seLinuxOptions: type "bad"; user may not be set; role may not be set)',
        ],
        ['SELinux types', withContext({ seLinuxOptions: { type: 'container_engine_t' } }), ''],
        [
            'seccomp',
            {
                securityContext: { seccompProfile: { type: 'Unconfined' } },
                ...withContext({ seccompProfile: { type: 'Unconfined' } }),
            },
            'seccompProfile (pod and container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
        ],
        ['good seccomp', withContext({ seccompProfile: { type: 'Localhost' } }), ''],
        [
            'sysctls',
            { securityContext: { sysctls: [{ name: 'kernel.msgmax' }, { name: 'net.ipv4.tcp_rmem' }] } },
            'forbidden sysctls (kernel.msgmax)',
        ],
        [
            'Windows host processes',
            { securityContext: { windowsOptions: { hostProcess: true } } },
            'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)',
        ],
        ['Windows', withContext({ windowsOptions: { hostProcess: false } }), ''],
    ])('%s', (_name, spec, expected, annotations = {}) => {
        expect(judge('baseline', 'latest', podOf(spec, annotations))).toBe(expected);
    });
});

describe('restricted', () => {
    const escalation =
        'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false)';
    const drop =
        'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"])';
    const nonRoot = 'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)';
    const profile =
        'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")';

    it.each<[string, object, string]>([
        ['a pod that is secured', secured(), ''],
        ['a pod that says nothing', {}, `${escalation}, ${drop}, ${nonRoot}, ${profile}`],
        ['baseline as well', { ...secured(), hostPID: true }, 'host namespaces (hostPID=true)'],
        [
            'capabilities added',
            secured({ capabilities: { drop: ['ALL'], add: ['CHOWN', 'NET_BIND_SERVICE'] } }),
            'unrestricted capabilities (container "c" must not include "CHOWN" in securityContext.capabilities.add)',
        ],
        [
            'capabilities kept and added',
            secured({ capabilities: { add: ['BPF'] } }),
            'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]; container "c" must not include "BPF" in securityContext.capabilities.add)',
        ],
        [
            'proc mounts, also with own users',
            { ...secured({ procMount: 'Unmasked' }), hostUsers: false },
            'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
        ],
        [
            'volumes',
            {
                ...secured(),
                volumes: [
                    { name: 'a', hostPath: {} },
                    { name: 'b', nfs: {} },
                    { name: 'd', secret: {} },
                ],
            },
            'restricted volume types (volumes "a", "b" use restricted volume types "hostPath", "nfs")',
        ],
        [
            'one volume',
            { ...secured(), volumes: [{ name: 'a', iscsi: {} }] },
            'restricted volume types (volume "a" uses restricted volume type "iscsi")',
        ],
        [
            'harmless volumes',
            {
                ...secured(),
                volumes: [
                    { name: 'a', csi: {} },
                    { name: 'b', projected: {} },
                    { name: 'd', emptyDir: {} },
                ],
            },
            '',
        ],
        [
            'root by the pod',
            secured({ runAsNonRoot: true }, { runAsNonRoot: false }),
            'runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)',
        ],
        [
            'root by a container',
            secured({ runAsNonRoot: false }),
            'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)',
        ],
        [
            'root of its own users',
            { ...secured({ runAsNonRoot: false, runAsUser: 0 }), hostUsers: false },
            '',
        ],
        [
            'user 0',
            secured({ runAsUser: 0 }, { runAsUser: 0 }),
            'runAsUser=0 (pod and container "c" must not set runAsUser=0)',
        ],
        [
            'seccomp',
            secured({ seccompProfile: { type: 'Unconfined' } }),
            'seccompProfile (container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
        ],
        [
            'seccomp of containers alone',
            secured({ seccompProfile: { type: 'Localhost' } }, { seccompProfile: undefined }),
            '',
        ],
        [
            'Windows, where these mean nothing',
            { os: { name: 'windows' }, securityContext: { runAsNonRoot: true } },
            '',
        ],
    ])('%s', (_name, spec, expected) => {
        expect(judge('restricted', 'latest', podOf(spec))).toBe(expected);
    });
});

describe('versions', () => {
    it.each<[string, Level, string, object, string, Record<string, string>?]>([
        ['privileged allows all', 'privileged', 'latest', { hostPID: true }, ''],
        ['escalation before 1.8', 'restricted', 'v1.7', { securityContext: { runAsNonRoot: true } }, ''],
        [
            'seccomp annotations before 1.19',
            'baseline',
            'v1.18',
            {},
            `seccompProfile (forbidden annotation ${seccompAnnotation}="unconfined")`,
            { [seccompAnnotation]: 'unconfined' },
        ],
        ['seccomp annotations since', 'baseline', 'v1.19', {}, '', { [seccompAnnotation]: 'unconfined' }],
        ['dropping all before 1.22', 'restricted', 'v1.21', secured({ capabilities: {} }), ''],
        ['user 0 before 1.23', 'restricted', 'v1.22', secured({ runAsUser: 0 }), ''],
        [
            'Windows before 1.25',
            'restricted',
            'v1.24',
            { ...secured({ capabilities: {} }), os: { name: 'windows' } },
            'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"])',
        ],
        [
            'a sysctl before 1.27',
            'baseline',
            'v1.26',
            { securityContext: { sysctls: [{ name: 'net.ipv4.ip_local_reserved_ports' }] } },
            'forbidden sysctls (net.ipv4.ip_local_reserved_ports)',
        ],
        [
            'a sysctl of 1.29',
            'baseline',
            'v1.29',
            { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_fin_timeout' }] } },
            '',
        ],
        [
            'an SELinux type before 1.31',
            'baseline',
            'v1.30',
            withContext({ seLinuxOptions: { type: 'container_engine_t' } }),
            'seLinuxOptions (container "c" set forbidden securityContext.seLinuxOptions: type "container_engine_t")',
        ],
        [
            'probe hosts before 1.34',
            'baseline',
            'v1.33',
            { containers: [container({ livenessProbe: { httpGet: { host: 'a' } } })] },
            '',
        ],
        [
            'own users before 1.35',
            'baseline',
            'v1.34',
            { hostUsers: false, ...withContext({ procMount: 'Unmasked' }) },
            'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
        ],
        [
            'a version to come is the newest',
            'baseline',
            'v1.99',
            { hostPID: true },
            'host namespaces (hostPID=true)',
        ],
    ])('%s', (_name, level, version, spec, expected, annotations = {}) => {
        expect(judge(level, version, podOf(spec, annotations))).toBe(expected);
    });

    it('reasons stand alone where there is no room for details', () => {
        const violations = evaluate(podOf({ hostPID: true, ...withContext({ privileged: true }) }), {
            level: 'baseline',
            version: 'latest',
        });
        expect(reasonText(violations)).toBe('host namespaces, privileged');
    });
});
