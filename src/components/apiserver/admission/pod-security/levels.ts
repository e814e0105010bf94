/** Levels of the Pod Security Standards, from the most to the least that a pod may do. */
export const levels = ['privileged', 'baseline', 'restricted'] as const;
export type Level = (typeof levels)[number];

/** A version of the standards: "latest", or the minor number of v1.N. */
export type PolicyVersion = 'latest' | number;

export interface LevelVersion {
    level: Level;
    version: PolicyVersion;
}

/** What holds in a namespace: what refuses pods, what is only remarked for audit, what warns the user. */
export interface Policy {
    enforce: LevelVersion;
    audit: LevelVersion;
    warn: LevelVersion;
}
export const modes = ['enforce', 'audit', 'warn'] as const;
export type Mode = (typeof modes)[number];

export const labelPrefix = 'pod-security.kubernetes.io/';

export function parseLevel(text: string): Level | undefined {
    return levels.find((level) => level === text);
}

export function parseVersion(text: string): PolicyVersion | undefined {
    if (text === 'latest') return 'latest';
    const match = /^v1\.(0|[1-9]\d{0,5})$/.exec(text);
    return match === null ? undefined : Number(match[1]);
}

export function formatVersion(version: PolicyVersion): string {
    return version === 'latest' ? 'latest' : `v1.${version}`;
}

/** "restricted:latest" */
export function formatLevelVersion({ level, version }: LevelVersion): string {
    return `${level}:${formatVersion(version)}`;
}

export function isSameLevelVersion(a: LevelVersion, b: LevelVersion): boolean {
    return a.level === b.level && (a.version === b.version || a.level === 'privileged');
}

export interface LabelError {
    key: string;
    value: string;
    message: string;
}

/** The policy of a namespace by its labels; a label that is not valid means restricted, and is reported. */
export function policyOf(
    labels: Readonly<Record<string, string>> | undefined,
    defaults: Policy,
): { policy: Policy; errors: LabelError[] } {
    const errors: LabelError[] = [];
    const read = (mode: Mode): LevelVersion => {
        let { level, version } = defaults[mode];
        const levelKey = labelPrefix + mode;
        const levelText = labels?.[levelKey];
        if (levelText !== undefined) {
            const parsed = parseLevel(levelText);
            if (parsed === undefined) {
                const message = 'must be one of privileged, baseline, restricted';
                errors.push({ key: levelKey, value: levelText, message });
            }
            // A mistake must not open the namespace to pods, nor flood its users with warnings.
            level = parsed ?? (mode === 'enforce' ? 'restricted' : 'privileged');
        }
        const versionKey = `${labelPrefix}${mode}-version`;
        const versionText = labels?.[versionKey];
        if (versionText !== undefined) {
            const parsed = parseVersion(versionText);
            if (parsed === undefined) {
                const message = 'must be "latest" or "v1.x"';
                errors.push({ key: versionKey, value: versionText, message });
            }
            version = parsed ?? 'latest';
        }
        return { level, version };
    };
    const enforce = read('enforce');
    const audit = read('audit');
    const warn = read('warn');
    // Who enforces a level and says nothing of warnings is warned of the same.
    const isSet = (name: string): boolean => labels?.[labelPrefix + name] !== undefined;
    if (isSet('enforce') && parseLevel(labels?.[`${labelPrefix}enforce`] ?? '') !== undefined) {
        if (!isSet('warn')) warn.level = enforce.level;
        if (!isSet('warn-version')) warn.version = enforce.version;
    }
    return { policy: { enforce, audit, warn }, errors };
}
