import type { V1PodSpec, V1Volume, V1VolumeProjection } from '../../../meta/object.ts';
import { claimSpecWarnings } from '../../storage-warnings.ts';
import { items } from '../../validation/basic.ts';

/** Volumes of plugins that have gone or are to go: what the field is called in warnings, and what is said. */
const deprecatedVolumes = [
    ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
    ['gitRepo', 'gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
    ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
    ['flocker', 'flocker', 'deprecated in v1.22, non-functional in v1.25+'],
    ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
    ['quobyte', 'quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
    ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
    ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
    ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
] as const;

/** Each path of a volume is compared with those before it, up to so many. */
const comparedPathsMax = 200;

export function volumeWarnings(spec: V1PodSpec, path: string): string[] {
    const volumes = items(spec.volumes);
    return [
        ...volumes.flatMap((volume, index) => {
            const at = `${path}.volumes[${index}]`;
            return [
                ...deprecatedVolumes
                    .filter(([field]) => volume[field] !== undefined)
                    .map(([, shown, why]) => `${at}.${shown}: ${why}`),
                ...claimSpecWarnings(
                    volume.ephemeral?.volumeClaimTemplate?.spec,
                    `${at}.ephemeral.volumeClaimTemplate.spec`,
                ),
            ];
        }),
        ...volumes.flatMap((volume) => overlapWarnings(volume)),
    ];
}

interface File {
    path: string;
    /** Of a projected volume: which of its sources the file is from. */
    source: string;
}

/** Files of one volume of which one replaces another, or would have to be in it. */
function overlapWarnings(volume: V1Volume): string[] {
    const { name, configMap, secret, downwardAPI, projected } = volume;
    return [
        ...overlaps(filesOf(configMap?.items), `volume "${name}" (ConfigMap "${configMap?.name ?? ''}")`),
        ...overlaps(filesOf(secret?.items), `volume "${name}" (Secret "${secret?.secretName ?? ''}")`),
        ...overlaps(filesOf(downwardAPI?.items), `volume "${name}" (DownwardAPI)`),
        ...items(projected?.sources)
            .filter((source) => Object.values(source).every((value) => value === undefined))
            .map(() => `volume "${name}" (Projected) has no sources provided`),
        ...overlaps(items(projected?.sources).flatMap(projectedFiles), `volume "${name}" (Projected)`),
    ];
}

function filesOf(mapping: readonly { path?: string | undefined }[] | undefined, source = ''): File[] {
    return items(mapping).map(({ path = '' }) => ({ path: path.replace(/\/{1,4096}$/, ''), source }));
}

function projectedFiles(projection: V1VolumeProjection): File[] {
    const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle } = projection;
    const bundle = clusterTrustBundle?.name ?? clusterTrustBundle?.signerName ?? '';
    return [
        ...filesOf(configMap?.items, `ConfigMap "${configMap?.name ?? ''}"`),
        ...filesOf(secret?.items, `Secret "${secret?.name ?? ''}"`),
        ...filesOf(downwardAPI?.items, 'DownwardAPI'),
        ...filesOf(serviceAccountToken && [serviceAccountToken], 'ServiceAccountToken'),
        ...filesOf(clusterTrustBundle && [clusterTrustBundle], `ClusterTrustBundle "${bundle}"`),
    ];
}

function overlaps(files: readonly File[], subject: string): string[] {
    const compared = files.slice(0, comparedPathsMax);
    return compared.flatMap((file, index) =>
        compared
            .slice(0, index)
            .filter((earlier) => overlap(earlier.path, file.path))
            .map((earlier) => `${subject}: overlapping paths: ${shown(file)} with ${shown(earlier)}`),
    );
}

function overlap(a: string, b: string): boolean {
    if (a === '' || b === '') return false;
    return `${a}/`.startsWith(`${b}/`) || `${b}/`.startsWith(`${a}/`);
}

function shown({ path, source }: File): string {
    return source === '' ? JSON.stringify(path) : `${JSON.stringify(path)} (${source})`;
}
