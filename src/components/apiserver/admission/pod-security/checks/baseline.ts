import type {
    V1AppArmorProfile,
    V1Container,
    V1LifecycleHandler,
    V1Probe,
    V1SELinuxOptions,
} from '../../../../../api/meta/object.ts';
import {
    type Check,
    containersOf,
    containersWith,
    hasOwnUsers,
    namedContainers,
    plural,
    type PodLike,
    quoted,
    setters,
    sortedQuoted,
    type Violation,
} from './check.ts';

const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';

function appArmor({ metadata, spec }: PodLike): Violation {
    const values = new Set<string>();
    const isBad = (profile: V1AppArmorProfile | undefined): boolean => {
        const bad = profile !== undefined && !['RuntimeDefault', 'Localhost'].includes(profile.type);
        if (bad) values.add(profile.type);
        return bad;
    };
    const parts: string[] = [];
    const isBadPod = isBad(spec.securityContext?.appArmorProfile);
    const containers = containersWith({ metadata, spec }, (context) => isBad(context?.appArmorProfile));
    const who = setters(isBadPod, containers);
    if (who !== '') parts.push(who);
    const annotations = Object.entries(metadata.annotations ?? {}).filter(
        ([key, value]) =>
            key.startsWith(appArmorPrefix) &&
            value !== '' &&
            value !== 'runtime/default' &&
            !value.startsWith('localhost/'),
    );
    for (const [, value] of annotations) values.add(value);
    if (annotations.length > 0) {
        const keys = sortedQuoted(annotations.map(([key]) => key));
        parts.push(`${plural('annotation', annotations.length)} ${keys}`);
    }
    if (parts.length === 0) return undefined;
    return {
        reason: plural('forbidden AppArmor profile', values.size),
        detail: `${parts.join(' and ')} must not set AppArmor profile type to ${sortedQuoted(values)}`,
    };
}

const defaultCapabilities: ReadonlySet<string> = new Set(
    'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
        ' ',
    ),
);

function capabilities(pod: PodLike): Violation {
    const added = new Set<string>();
    const bad = containersWith(pod, (context) => {
        const beyond = (context?.capabilities?.add ?? []).filter((name) => !defaultCapabilities.has(name));
        for (const name of beyond) added.add(name);
        return beyond.length > 0;
    });
    if (bad.length === 0) return undefined;
    const detail = `${namedContainers(bad)} must not include ${sortedQuoted(added)} in securityContext.capabilities.add`;
    return { reason: 'non-default capabilities', detail };
}

function hostNamespaces({ spec }: PodLike): Violation {
    const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field] === true);
    if (used.length === 0) return undefined;
    return { reason: 'host namespaces', detail: used.map((field) => `${field}=true`).join(', ') };
}

function hostPathVolumes({ spec }: PodLike): Violation {
    const names = (spec.volumes ?? [])
        .filter(({ hostPath }) => hostPath !== undefined)
        .map(({ name }) => name);
    if (names.length === 0) return undefined;
    return { reason: 'hostPath volumes', detail: `${plural('volume', names.length)} ${quoted(names)}` };
}

function hostPorts(pod: PodLike): Violation {
    const ports = new Set<string>();
    const bad = containersWith(pod, (_context, container) => {
        const used = (container.ports ?? []).filter(({ hostPort }) => (hostPort ?? 0) !== 0);
        for (const { hostPort } of used) ports.add(String(hostPort));
        return used.length > 0;
    });
    if (bad.length === 0) return undefined;
    const numbers = [...ports].sort().join(', ');
    const verb = plural('uses', bad.length, 'use');
    return {
        reason: 'hostPort',
        detail: `${namedContainers(bad)} ${verb} ${plural('hostPort', ports.size)} ${numbers}`,
    };
}

function probeHosts({ livenessProbe, readinessProbe, startupProbe, lifecycle }: V1Container): string[] {
    const handlers: (V1Probe | V1LifecycleHandler | undefined)[] = [
        livenessProbe,
        readinessProbe,
        startupProbe,
        lifecycle?.postStart,
        lifecycle?.preStop,
    ];
    return handlers.flatMap((handler) =>
        [handler?.httpGet?.host, handler?.tcpSocket?.host].filter(
            (host): host is string => host !== undefined && host !== '',
        ),
    );
}

function hostProbes(pod: PodLike): Violation {
    const bad = new Set<string>();
    const hosts = new Set<string>();
    for (const container of containersOf(pod)) {
        for (const host of probeHosts(container)) {
            bad.add(container.name);
            hosts.add(host);
        }
    }
    if (bad.size === 0) return undefined;
    const who = `${plural('container', bad.size)} ${sortedQuoted(bad)} ${plural('uses', bad.size, 'use')}`;
    return {
        reason: 'probe or lifecycle host',
        detail: `${who} ${plural('probe or lifecycle host', hosts.size)} ${sortedQuoted(hosts)}`,
    };
}

function privileged(pod: PodLike): Violation {
    const bad = containersWith(pod, (context) => context?.privileged === true);
    if (bad.length === 0) return undefined;
    return {
        reason: 'privileged',
        detail: `${namedContainers(bad)} must not set securityContext.privileged=true`,
    };
}

export function procMount(pod: PodLike): Violation {
    const mounts = new Set<string>();
    const bad = containersWith(pod, (context) => {
        const mount = context?.procMount;
        if (mount === undefined || mount === 'Default') return false;
        mounts.add(mount);
        return true;
    });
    if (bad.length === 0) return undefined;
    return {
        reason: 'procMount',
        detail: `${namedContainers(bad)} must not set securityContext.procMount to ${sortedQuoted(mounts)}`,
    };
}

const seLinuxTypes = ['', 'container_t', 'container_init_t', 'container_kvm_t'];

function seLinux(pod: PodLike, allowedTypes: readonly string[]): Violation {
    const types = new Set<string>();
    const set = new Set<'user' | 'role'>();
    const isBad = (options: V1SELinuxOptions | undefined): boolean => {
        if (options === undefined) return false;
        const { type = '', user = '', role = '' } = options;
        if (!allowedTypes.includes(type)) types.add(type);
        if (user !== '') set.add('user');
        if (role !== '') set.add('role');
        return !allowedTypes.includes(type) || user !== '' || role !== '';
    };
    const isBadPod = isBad(pod.spec.securityContext?.seLinuxOptions);
    const who = setters(
        isBadPod,
        containersWith(pod, (context) => isBad(context?.seLinuxOptions)),
    );
    if (who === '') return undefined;
    const what = [
        ...(types.size === 0 ? [] : [`${plural('type', types.size)} ${sortedQuoted(types)}`]),
        ...(set.has('user') ? ['user may not be set'] : []),
        ...(set.has('role') ? ['role may not be set'] : []),
    ];
    return {
        reason: 'seLinuxOptions',
        detail: `${who} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}`,
    };
}

const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainerPrefix = 'container.seccomp.security.alpha.kubernetes.io/';

function seccompAnnotations(pod: PodLike): Violation {
    const annotations = pod.metadata.annotations ?? {};
    const keys = [seccompPod, ...containersOf(pod).map(({ name }) => seccompContainerPrefix + name)];
    const bad = keys.filter((key) => {
        const value = annotations[key];
        return (
            value !== undefined &&
            value !== 'runtime/default' &&
            value !== 'docker/default' &&
            !value.startsWith('localhost/')
        );
    });
    if (bad.length === 0) return undefined;
    const texts = [...new Set(bad)].sort().map((key) => `${key}=${JSON.stringify(annotations[key])}`);
    const detail = `forbidden ${plural('annotation', texts.length)} ${texts.join(', ')}`;
    return { reason: 'seccompProfile', detail };
}

export function isGoodSeccomp(type: string): boolean {
    return type === 'Localhost' || type === 'RuntimeDefault';
}

export function seccomp(pod: PodLike): Violation {
    const types = new Set<string>();
    const isBad = (type: string | undefined): boolean => {
        if (type === undefined || isGoodSeccomp(type)) return false;
        types.add(type);
        return true;
    };
    const isBadPod = isBad(pod.spec.securityContext?.seccompProfile?.type);
    const who = setters(
        isBadPod,
        containersWith(pod, (context) => isBad(context?.seccompProfile?.type)),
    );
    if (who === '') return undefined;
    return {
        reason: 'seccompProfile',
        detail: `${who} must not set securityContext.seccompProfile.type to ${sortedQuoted(types)}`,
    };
}

const sysctls10 = [
    'kernel.shm_rmid_forced',
    'net.ipv4.ip_local_port_range',
    'net.ipv4.tcp_syncookies',
    'net.ipv4.ping_group_range',
    'net.ipv4.ip_unprivileged_port_start',
];
const sysctls27 = [...sysctls10, 'net.ipv4.ip_local_reserved_ports'];
const sysctls29 = [
    ...sysctls27,
    'net.ipv4.tcp_keepalive_time',
    'net.ipv4.tcp_fin_timeout',
    'net.ipv4.tcp_keepalive_intvl',
    'net.ipv4.tcp_keepalive_probes',
];
const sysctls32 = [...sysctls29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'];

function sysctls({ spec }: PodLike, allowed: readonly string[]): Violation {
    const bad = (spec.securityContext?.sysctls ?? [])
        .map(({ name }) => name)
        .filter((name) => !allowed.includes(name));
    return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') };
}

function windowsHostProcess(pod: PodLike): Violation {
    const who = setters(
        pod.spec.securityContext?.windowsOptions?.hostProcess === true,
        containersWith(pod, (context) => context?.windowsOptions?.hostProcess === true),
    );
    if (who === '') return undefined;
    return {
        reason: 'hostProcess',
        detail: `${who} must not set securityContext.windowsOptions.hostProcess=true`,
    };
}

export const baselineChecks: readonly Check[] = [
    { id: 'appArmorProfile', level: 'baseline', versions: [{ since: 0, check: appArmor }] },
    { id: 'capabilities_baseline', level: 'baseline', versions: [{ since: 0, check: capabilities }] },
    { id: 'hostNamespaces', level: 'baseline', versions: [{ since: 0, check: hostNamespaces }] },
    { id: 'hostPathVolumes', level: 'baseline', versions: [{ since: 0, check: hostPathVolumes }] },
    { id: 'hostPorts', level: 'baseline', versions: [{ since: 0, check: hostPorts }] },
    { id: 'hostProbesAndHostLifecycle', level: 'baseline', versions: [{ since: 34, check: hostProbes }] },
    { id: 'privileged', level: 'baseline', versions: [{ since: 0, check: privileged }] },
    {
        id: 'procMount',
        level: 'baseline',
        versions: [
            { since: 0, check: procMount },
            { since: 35, check: (pod) => (hasOwnUsers(pod) ? undefined : procMount(pod)) },
        ],
    },
    {
        id: 'seLinuxOptions',
        level: 'baseline',
        versions: [
            { since: 0, check: (pod) => seLinux(pod, seLinuxTypes) },
            { since: 31, check: (pod) => seLinux(pod, [...seLinuxTypes, 'container_engine_t']) },
        ],
    },
    {
        id: 'seccompProfile_baseline',
        level: 'baseline',
        versions: [
            { since: 0, check: seccompAnnotations },
            { since: 19, check: seccomp },
        ],
    },
    {
        id: 'sysctls',
        level: 'baseline',
        versions: [
            { since: 0, check: (pod) => sysctls(pod, sysctls10) },
            { since: 27, check: (pod) => sysctls(pod, sysctls27) },
            { since: 29, check: (pod) => sysctls(pod, sysctls29) },
            { since: 32, check: (pod) => sysctls(pod, sysctls32) },
        ],
    },
    { id: 'windowsHostProcess', level: 'baseline', versions: [{ since: 0, check: windowsHostProcess }] },
];
