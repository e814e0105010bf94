import type { V1ServiceAccountTokenProjection, V1VolumeProjection } from '../../../api/meta/object.ts';
import { podNamespace, podName, podUid } from '../pod/pod.ts';
import type { FileProjection } from './atomic-writer.ts';
import { downwardApiFiles } from './downward-api-volume.ts';
import { commonUserOf, fsGroupOf } from './ownership.ts';
import { configMapFiles, secretFiles } from './projection.ts';
import { projectedModeDefault, writeProjectedVolume } from './write-projected.ts';
import { VolumeError, type VolumePlugin, type VolumeSetUp } from './volume-plugin.ts';

const tokenExpirationSecondsDefault = 3600;

export const projectedVolume: VolumePlugin = {
    name: 'kubernetes.io/projected',
    supports: ({ projected }) => projected !== undefined,
    async setUp(input) {
        const { projected, name } = input.volume;
        const hostPath = input.paths.volume(podUid(input.pod), 'projected', name);
        const defaultMode = projected?.defaultMode ?? projectedModeDefault;
        const files = new Map<string, FileProjection>();
        let refreshAtMs: number | undefined;
        for (const source of projected?.sources ?? []) {
            if (source.serviceAccountToken !== undefined) {
                const token = await tokenFile(input, source.serviceAccountToken, defaultMode);
                files.set(source.serviceAccountToken.path, token.file);
                refreshAtMs = Math.min(refreshAtMs ?? Infinity, token.refreshAtMs);
            } else
                for (const [path, file] of await sourceFiles(input, source, defaultMode))
                    files.set(path, file);
        }
        await writeProjectedVolume(hostPath, files, { pod: input.pod, secret: true });
        return { hostPath, refreshAtMs };
    },
};

async function sourceFiles(
    input: VolumeSetUp,
    { configMap, secret, downwardAPI, clusterTrustBundle, podCertificate }: V1VolumeProjection,
    defaultMode: number,
): Promise<Map<string, FileProjection>> {
    if (configMap !== undefined) return await configMapFiles(input, keysOf(configMap, defaultMode));
    if (secret !== undefined) return await secretFiles(input, keysOf(secret, defaultMode));
    if (downwardAPI !== undefined) return downwardApiFiles(input, downwardAPI.items ?? [], defaultMode);
    if (clusterTrustBundle !== undefined)
        throw new VolumeError('ClusterTrustBundle projection is not supported by this kubelet');
    if (podCertificate !== undefined)
        throw new VolumeError('podCertificate projection is not supported by this kubelet');
    return new Map();
}

function keysOf(
    source: { name?: string | undefined; items?: V1Items; optional?: boolean | undefined },
    defaultMode: number,
) {
    return { name: source.name, items: source.items, optional: source.optional, defaultMode };
}

type V1Items = { key: string; mode?: number | undefined; path: string }[] | undefined;

async function tokenFile(
    { pod, tokens }: VolumeSetUp,
    { audience, expirationSeconds }: V1ServiceAccountTokenProjection,
    defaultMode: number,
): Promise<{ file: FileProjection; refreshAtMs: number }> {
    const token = await tokens.token({
        namespace: podNamespace(pod),
        serviceAccount: pod.spec?.serviceAccountName ?? 'default',
        audience: audience ?? '',
        expirationSeconds: expirationSeconds ?? tokenExpirationSecondsDefault,
        pod: { name: podName(pod), uid: podUid(pod) },
    });
    const uid = commonUserOf(pod);
    const mode = uid !== undefined || fsGroupOf(pod) !== undefined ? 0o600 : defaultMode;
    return { file: { data: Buffer.from(token.token), mode, uid }, refreshAtMs: token.refreshAtMs };
}
