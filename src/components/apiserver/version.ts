import { buildDate, gitCommit, goArch, kubernetesVersion } from '../../util/version.ts';

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

/** The answer of /version. `goVersion` names what this build runs on, as clients only print it. */
export function versionInfo(): VersionInfo {
    const [major = '', minor = ''] = kubernetesVersion.split('.');
    return {
        major,
        minor,
        gitVersion: `v${kubernetesVersion}+hyperkube`,
        gitCommit,
        gitTreeState: 'clean',
        buildDate,
        goVersion: `node${process.versions.node}`,
        compiler: 'v8',
        platform: `${process.platform}/${goArch()}`,
    };
}
