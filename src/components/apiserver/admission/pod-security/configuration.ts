import { type LevelVersion, type Mode, modes, parseLevel, parseVersion, type Policy } from './levels.ts';

/** Defaults for namespaces without labels, and who is exempt (pod-security.admission.config.k8s.io/v1). */
export interface PodSecurityConfiguration {
    defaults: Policy;
    usernames: ReadonlySet<string>;
    namespaces: ReadonlySet<string>;
    runtimeClasses: ReadonlySet<string>;
}

const privileged: LevelVersion = { level: 'privileged', version: 'latest' };

export const defaultPodSecurity: PodSecurityConfiguration = {
    defaults: { enforce: privileged, audit: privileged, warn: privileged },
    usernames: new Set(),
    namespaces: new Set(),
    runtimeClasses: new Set(),
};

const apiVersions = ['v1', 'v1beta1', 'v1alpha1'].map(
    (version) => `pod-security.admission.config.k8s.io/${version}`,
);

/** Throws an Error that names the field. */
export function readPodSecurity(value: unknown): PodSecurityConfiguration {
    const { apiVersion, kind, defaults, exemptions } = record(value, 'PodSecurityConfiguration');
    if (kind !== 'PodSecurityConfiguration' || !apiVersions.includes(String(apiVersion))) {
        throw new Error(`PodSecurity: expected a PodSecurityConfiguration of ${apiVersions[0] ?? ''}`);
    }
    const given = record(defaults ?? {}, 'defaults');
    const exempt = record(exemptions ?? {}, 'exemptions');
    const names = (field: string): Set<string> => {
        const list = exempt[field] ?? [];
        if (!Array.isArray(list) || list.some((name) => typeof name !== 'string' || name === '')) {
            throw new Error(`exemptions.${field}: must be a list of names`);
        }
        return new Set(list as string[]);
    };
    const policy = Object.fromEntries(modes.map((mode) => [mode, levelVersion(given, mode)]));
    return {
        defaults: policy as Record<Mode, LevelVersion>,
        usernames: names('usernames'),
        namespaces: names('namespaces'),
        runtimeClasses: names('runtimeClasses'),
    };
}

function levelVersion(defaults: Record<string, unknown>, mode: Mode): LevelVersion {
    const level = defaults[mode] ?? 'privileged';
    const version = defaults[`${mode}-version`] ?? 'latest';
    const parsedLevel = typeof level === 'string' ? parseLevel(level) : undefined;
    const parsedVersion = typeof version === 'string' ? parseVersion(version) : undefined;
    if (parsedLevel === undefined) {
        throw new Error(
            `defaults.${mode}: Invalid value: ${JSON.stringify(level)}: must be one of privileged, baseline, restricted`,
        );
    }
    if (parsedVersion === undefined) {
        throw new Error(
            `defaults.${mode}-version: Invalid value: ${JSON.stringify(version)}: must be "latest" or "v1.x"`,
        );
    }
    return { level: parsedLevel, version: parsedVersion };
}

function record(value: unknown, field: string): Record<string, unknown> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new Error(`${field}: must be an object`);
    }
    return value as Record<string, unknown>;
}
