import type { V1Pod, V1Volume } from '../../../api/meta/object.ts';
import type { PodAddresses } from '../container-config/field-path.ts';
import type { Allocatable } from '../container-config/resource-field.ts';
import type { KubeletPaths } from '../paths.ts';
import type { ObjectSource } from './object-source.ts';
import type { TokenSource } from './token-source.ts';

/** A volume that is ready to be mounted into containers. */
export interface MountedVolume {
    hostPath: string;
    /** Wall-clock time at which it must be set up again (tokens). */
    refreshAtMs?: number | undefined;
}

export interface VolumeSetUp {
    pod: V1Pod;
    volume: V1Volume;
    paths: KubeletPaths;
    objects: ObjectSource;
    tokens: TokenSource;
    addresses: PodAddresses;
    allocatable: Allocatable;
    nodeName: string;
}

/** One kind of volume. `setUp` is idempotent, is called again when its sources change, and throws VolumeError. */
export interface VolumePlugin {
    /** "kubernetes.io/empty-dir". */
    readonly name: string;
    supports(volume: V1Volume): boolean;
    setUp(input: VolumeSetUp): Promise<MountedVolume>;
}

/** A volume cannot be mounted; the message is shown in a FailedMount event. */
export class VolumeError extends Error {
    override readonly name = 'VolumeError';
}
