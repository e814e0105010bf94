/** The Kubernetes API level this program speaks. */
export const kubernetesVersion = '1.36.0';

/** Set by the bundler; a run from source says "dev". */
export const hyperkubeVersion = process.env['HYPERKUBE_VERSION'] ?? 'dev';
export const gitCommit = process.env['HYPERKUBE_COMMIT'] ?? '';
export const buildDate = process.env['HYPERKUBE_BUILD_DATE'] ?? '1970-01-01T00:00:00Z';

/** As components report it: "v1.36.0+hyperkube.0.1.0". */
export const gitVersion = `v${kubernetesVersion}+hyperkube.${hyperkubeVersion}`;

/** Go's name of the processor architecture, as nodes and images are labelled: amd64, arm64, arm. */
export function goArch(arch: NodeJS.Architecture = process.arch): string {
    switch (arch) {
        case 'x64':
            return 'amd64';
        case 'ia32':
            return '386';
        case 'ppc64':
            return 'ppc64le';
        default:
            return arch;
    }
}
