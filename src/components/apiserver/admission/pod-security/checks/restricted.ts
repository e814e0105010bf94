import { isGoodSeccomp, procMount, seccomp } from './baseline.ts';
import {
    type Check,
    containersWith,
    hasOwnUsers,
    isWindows,
    namedContainers,
    plural,
    type PodLike,
    setters,
    sortedQuoted,
    quoted,
    type Violation,
} from './check.ts';

const notOnWindows =
    (check: (pod: PodLike) => Violation) =>
    (pod: PodLike): Violation =>
        isWindows(pod) ? undefined : check(pod);
const notWithOwnUsers =
    (check: (pod: PodLike) => Violation) =>
    (pod: PodLike): Violation =>
        hasOwnUsers(pod) ? undefined : check(pod);

function allowPrivilegeEscalation(pod: PodLike): Violation {
    const bad = containersWith(pod, (context) => context?.allowPrivilegeEscalation !== false);
    if (bad.length === 0) return undefined;
    return {
        reason: 'allowPrivilegeEscalation != false',
        detail: `${namedContainers(bad)} must set securityContext.allowPrivilegeEscalation=false`,
    };
}

function capabilities(pod: PodLike): Violation {
    const added = new Set<string>();
    const keeping = containersWith(pod, (context) => !(context?.capabilities?.drop ?? []).includes('ALL'));
    const adding = containersWith(pod, (context) => {
        const beyond = (context?.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE');
        for (const name of beyond) added.add(name);
        return beyond.length > 0;
    });
    const details = [
        ...(keeping.length === 0
            ? []
            : [`${namedContainers(keeping)} must set securityContext.capabilities.drop=["ALL"]`]),
        ...(adding.length === 0
            ? []
            : [
                  `${namedContainers(adding)} must not include ${sortedQuoted(added)} in securityContext.capabilities.add`,
              ]),
    ];
    if (details.length === 0) return undefined;
    return { reason: 'unrestricted capabilities', detail: details.join('; ') };
}

/** Kinds of volumes that reach no further than what the cluster's administrator has provided. */
const allowedVolumes: ReadonlySet<string> = new Set([
    'configMap',
    'csi',
    'downwardAPI',
    'emptyDir',
    'ephemeral',
    'persistentVolumeClaim',
    'projected',
    'secret',
]);

function volumes({ spec }: PodLike): Violation {
    const names: string[] = [];
    const kinds = new Set<string>();
    for (const { name, ...source } of spec.volumes ?? []) {
        const kind = Object.entries(source).find(([, value]) => value !== undefined)?.[0] ?? 'unknown';
        if (allowedVolumes.has(kind)) continue;
        names.push(name);
        // Images came after the list of the standard was made.
        kinds.add(kind === 'image' ? 'unknown' : kind);
    }
    if (names.length === 0) return undefined;
    const who = `${plural('volume', names.length)} ${quoted(names)} ${plural('uses', names.length, 'use')}`;
    return {
        reason: 'restricted volume types',
        detail: `${who} ${plural('restricted volume type', kinds.size)} ${sortedQuoted(kinds)}`,
    };
}

function runAsNonRoot(pod: PodLike): Violation {
    const reason = 'runAsNonRoot != true';
    const podSays = pod.spec.securityContext?.runAsNonRoot;
    const who = setters(
        podSays === false,
        containersWith(pod, (context) => context?.runAsNonRoot === false),
    );
    if (who !== '') return { reason, detail: `${who} must not set securityContext.runAsNonRoot=false` };
    if (podSays === true) return undefined;
    const silent = containersWith(pod, (context) => context?.runAsNonRoot === undefined);
    if (silent.length === 0) return undefined;
    return {
        reason,
        detail: `pod or ${namedContainers(silent)} must set securityContext.runAsNonRoot=true`,
    };
}

function runAsUser(pod: PodLike): Violation {
    const who = setters(
        pod.spec.securityContext?.runAsUser === 0,
        containersWith(pod, (context) => context?.runAsUser === 0),
    );
    return who === '' ? undefined : { reason: 'runAsUser=0', detail: `${who} must not set runAsUser=0` };
}

function requiredSeccomp(pod: PodLike): Violation {
    const explicit = seccomp(pod);
    if (explicit !== undefined) return explicit;
    const type = pod.spec.securityContext?.seccompProfile?.type;
    if (type !== undefined && isGoodSeccomp(type)) return undefined;
    const silent = containersWith(pod, (context) => context?.seccompProfile === undefined);
    if (silent.length === 0) return undefined;
    return {
        reason: 'seccompProfile',
        detail: `pod or ${namedContainers(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
    };
}

export const restrictedChecks: readonly Check[] = [
    {
        id: 'allowPrivilegeEscalation',
        level: 'restricted',
        versions: [
            { since: 8, check: allowPrivilegeEscalation },
            { since: 25, check: notOnWindows(allowPrivilegeEscalation) },
        ],
    },
    {
        id: 'capabilities_restricted',
        level: 'restricted',
        overrides: ['capabilities_baseline'],
        versions: [
            { since: 22, check: capabilities },
            { since: 25, check: notOnWindows(capabilities) },
        ],
    },
    {
        id: 'procMount_restricted',
        level: 'restricted',
        overrides: ['procMount'],
        versions: [{ since: 35, check: procMount }],
    },
    {
        id: 'restrictedVolumes',
        level: 'restricted',
        overrides: ['hostPathVolumes'],
        versions: [{ since: 0, check: volumes }],
    },
    {
        id: 'runAsNonRoot',
        level: 'restricted',
        versions: [
            { since: 0, check: runAsNonRoot },
            { since: 35, check: notWithOwnUsers(runAsNonRoot) },
        ],
    },
    {
        id: 'runAsUser',
        level: 'restricted',
        versions: [
            { since: 23, check: runAsUser },
            { since: 35, check: notWithOwnUsers(runAsUser) },
        ],
    },
    {
        id: 'seccompProfile_restricted',
        level: 'restricted',
        overrides: ['seccompProfile_baseline'],
        versions: [
            { since: 19, check: requiredSeccomp },
            { since: 25, check: notOnWindows(requiredSeccomp) },
        ],
    },
];
