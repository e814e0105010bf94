import { byName, type Coverage, tested } from '../coverage.ts';

/** By file, by the title of a test in it: what the suite calls the behaviours that it tests. */
const files: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
    'objects.suite.ts': {
        'CSIDrivers can be created, read, changed and deleted': ['CSIDriver, lifecycle'],
        'StorageClasses can be created, read, changed and deleted, and have their defaults': [
            'StorageClass, lifecycle',
        ],
        'the status of a VolumeAttachment is its own subresource': [
            'VolumeAttachment, apply changes to a volumeattachment status',
        ],
        'VolumeAttachments can be created, read, changed and deleted': ['VolumeAttachment, lifecycle'],
        'VolumeAttributesClasses can be created, read, changed and deleted': [
            'VolumeAttributesClass, lifecycle',
        ],
    },
    'volumes.suite.ts': {
        'status of a volume and of a claim is patched and updated': [
            'PersistentVolumes(Claims), apply changes to a pv/pvc status',
        ],
    },
    '../node/objects.suite.ts': {
        '%s that are marked immutable are': ['ConfigMap Volume, immutability'],
    },
};

/** By what they need that is not here: the behaviours that are tested elsewhere. */
const needs: Readonly<Record<string, readonly string[]>> = {
    'needs a kubelet: what a container sees of the volume is looked at': [
        'ConfigMap Volume, text data, binary data',
        'ConfigMap Volume, without mapping',
        'ConfigMap Volume, without mapping, non-root user',
        'ConfigMap Volume, with mapping, non-root user',
        'ConfigMap Volume, update',
        'DownwardAPI volume, CPU limits',
        'DownwardAPI volume, memory limits',
        'DownwardAPI volume, CPU limit, default node allocatable',
        'DownwardAPI volume, memory limit, default node allocatable',
        'DownwardAPI volume, pod name',
        'DownwardAPI volume, volume mode 0400',
        'DownwardAPI volume, file mode 0400',
        'DownwardAPI volume, update annotations',
        'DownwardAPI volume, update label',
        'EmptyDir, Shared volumes between containers',
        'EmptyDir, medium memory, volume mode 0644, non-root user',
        'EmptyDir, medium default, volume mode 0666',
        'EmptyDir, medium default, volume mode 0777',
        'EmptyDir, medium default, volume mode 0644',
        'EmptyDir, medium memory, volume mode 0644',
        'EmptyDir, medium memory, volume mode 0666',
        'EmptyDir, medium default, volume mode default',
        'EmptyDir, medium memory, volume mode default',
        'EmptyDir Wrapper Volume, ConfigMap volumes, no race',
        'EmptyDir Wrapper Volume, Secret and ConfigMap volumes, no conflict',
        'Projected Volume, multiple projections',
        'Projected Volume, ConfigMap, non-root user',
        'Projected Volume, ConfigMap, volume mode 0400',
        'Projected Volume, ConfigMap, mapped',
        'Projected Volume, ConfigMap, mapped, non-root user',
        'Projected Volume, ConfigMap, multiple volume paths',
        'Projected Volume, DownwardAPI, CPU limits',
        'Projected Volume, DownwardAPI, CPU request',
        'Projected Volume, DownwardAPI, memory limits',
        'Projected Volume, DownwardAPI, memory request',
        'Projected Volume, DownwardAPI, CPU limit, node allocatable',
        'Projected Volume, DownwardAPI, pod name',
        'Projected Volume, DownwardAPI, volume mode 0400',
        'Projected Volume, DownwardAPI, update annotation',
        'Projected Volume, DownwardAPI, update labels',
        'Projected Volume, Secrets, create, update delete',
        'Projected Volume, Secrets, volume mode default',
        'Project Volume, Secrets, non-root, custom fsGroup',
        'Projected Volume, Secrets, volume mode 0400',
        'Projected Volume, Secrets, mapped',
        'Projected Volume, Secrets, mapped, volume mode 0400',
        'Projected Volume, Secrets, mapped, multiple paths',
        'Secrets Volume, create, update and delete',
        'Secrets Volume, default',
        'Secrets Volume, volume mode 0440, fsGroup 1001 and uid 1000',
        'Secrets Volume, volume mode 0400',
        'Secrets Volume, mapping',
        'Secrets Volume, mapping, volume mode 0400',
        'Secrets Volume, mapping multiple volume paths',
        'SubPath: Reading content from a configmap volume.',
        'SubPath: Reading content from a downwardAPI volume.',
        'SubPath: Reading content from a projected volume.',
    ],
};

const coverage: Coverage = { covered: tested(files), elsewhere: byName(needs), unbuilt: {} };

export default coverage;
