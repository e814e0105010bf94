/** The API level that is served; clients compare it with their own. */
export const kubernetesVersion = { major: '1', minor: '36', patch: '0' } as const;

export interface VersionInfo {
    major: string;
    minor: string;
    gitVersion: string;
    gitCommit: string;
    gitTreeState: string;
    buildDate: string;
    goVersion: string;
    compiler: string;
    platform: string;
}

const goArchitectures: Readonly<Record<string, string>> = {
    x64: 'amd64',
    arm64: 'arm64',
    arm: 'arm',
    ia32: '386',
};

/** The answer of /version. `goVersion` names what this build runs on, as clients only print it. */
export function versionInfo(build: { gitCommit?: string; buildDate?: string } = {}): VersionInfo {
    const { major, minor, patch } = kubernetesVersion;
    return {
        major,
        minor,
        gitVersion: `v${major}.${minor}.${patch}+hyperkube`,
        gitCommit: build.gitCommit ?? '',
        gitTreeState: 'clean',
        buildDate: build.buildDate ?? '1970-01-01T00:00:00Z',
        goVersion: `node${process.versions.node}`,
        compiler: 'v8',
        platform: `${process.platform}/${goArchitectures[process.arch] ?? process.arch}`,
    };
}
