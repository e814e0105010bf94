import type { V1KeyToPath } from '../../../api/meta/object.ts';
import { podNamespace } from '../pod/pod.ts';
import type { FileProjection } from './atomic-writer.ts';
import { configMapData, projectKeys, secretData } from './payload.ts';
import { VolumeError, type VolumeSetUp } from './volume-plugin.ts';

interface KeysOf {
    name: string | undefined;
    items: readonly V1KeyToPath[] | undefined;
    optional: boolean | undefined;
    defaultMode: number;
}

type Files = Map<string, FileProjection>;

/** Files of a ConfigMap that a volume or a projection names. */
export async function configMapFiles(input: VolumeSetUp, keys: KeysOf): Promise<Files> {
    const namespace = podNamespace(input.pod);
    const found = await input.objects.configMap(namespace, keys.name ?? '');
    if (found === undefined && keys.optional !== true)
        throw new VolumeError(`configmap "${keys.name ?? ''}" not found`);
    return project('configmap', { ...keys, namespace, data: configMapData(found ?? {}) });
}

/** Files of a Secret that a volume or a projection names. */
export async function secretFiles(input: VolumeSetUp, keys: KeysOf): Promise<Files> {
    const namespace = podNamespace(input.pod);
    const found = await input.objects.secret(namespace, keys.name ?? '');
    if (found === undefined && keys.optional !== true)
        throw new VolumeError(`secret "${keys.name ?? ''}" not found`);
    return project('secret', { ...keys, namespace, data: secretData(found ?? {}) });
}

function project(
    kind: string,
    {
        name,
        namespace,
        items,
        optional,
        defaultMode,
        data,
    }: KeysOf & { namespace: string; data: Map<string, Buffer> },
): Files {
    return projectKeys({
        kind,
        name: name ?? '',
        namespace,
        items,
        optional: optional === true,
        defaultMode,
        data,
    });
}
