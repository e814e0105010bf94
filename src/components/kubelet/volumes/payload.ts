import type { V1KeyToPath } from '../../../api/meta/object.ts';
import type { FileProjection } from './atomic-writer.ts';
import { VolumeError } from './volume-plugin.ts';

export interface ProjectedSource {
    /** "configmap" or "secret" for messages. */
    kind: string;
    name: string;
    namespace: string;
    data: ReadonlyMap<string, Buffer>;
    items: readonly V1KeyToPath[] | undefined;
    defaultMode: number;
    optional: boolean;
}

/** Files of a ConfigMap or Secret: all keys, or the listed ones under their paths. */
export function projectKeys({
    data,
    items,
    defaultMode,
    optional,
}: ProjectedSource): Map<string, FileProjection> {
    const files = new Map<string, FileProjection>();
    if (items === undefined || items.length === 0) {
        for (const [key, content] of data) files.set(key, { data: content, mode: defaultMode });
        return files;
    }
    for (const { key, path, mode } of items) {
        const content = data.get(key);
        if (content === undefined) {
            if (optional) continue;
            throw new VolumeError(`references non-existent config key: ${key}`);
        }
        files.set(path, { data: content, mode: mode ?? defaultMode });
    }
    return files;
}

/** Contents of a ConfigMap: text and binary keys. */
export function configMapData(map: {
    data?: Record<string, string> | undefined;
    binaryData?: Record<string, string> | undefined;
}): Map<string, Buffer> {
    const result = new Map<string, Buffer>();
    for (const [key, text] of Object.entries(map.data ?? {})) result.set(key, Buffer.from(text));
    for (const [key, text] of Object.entries(map.binaryData ?? {}))
        result.set(key, Buffer.from(text, 'base64'));
    return result;
}

export function secretData(secret: { data?: Record<string, string> | undefined }): Map<string, Buffer> {
    return new Map(
        Object.entries(secret.data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64')]),
    );
}
