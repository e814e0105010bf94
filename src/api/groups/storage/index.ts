import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type {
    V1CSIDriver,
    V1CSINode,
    V1CSIStorageCapacity,
    V1StorageClass,
    V1VolumeAttachment,
    V1VolumeAttributesClass,
} from '../../meta/object.ts';
import { ageColumn, column, integerColumn, nameColumn, orUnset } from '../columns.ts';
import type { Strategy } from '../resource.ts';
import { startsGeneration, withStatus } from '../strategy.ts';
import { dnsSubdomain, immutable, isBlank, items, optionalOneOf, required } from '../validation/basic.ts';
import type { Incomplete } from '../incomplete.ts';

interface Annotated {
    metadata?: { name?: string | undefined; annotations?: Record<string, string> | undefined } | undefined;
}

/** The name, marked when the class is the one that claims get who name none. */
function nameText({ metadata }: Annotated, annotation: string): string {
    const isDefault = metadata?.annotations?.[annotation] === 'true';
    return `${metadata?.name ?? ''}${isDefault ? ' (default)' : ''}`;
}

function defaultMarkedName<T extends Annotated>(...annotations: string[]) {
    return column<T & object>(
        'Name',
        (object) => {
            const marked = annotations.find((one) => object.metadata?.annotations?.[one] === 'true');
            return nameText(object, marked ?? '');
        },
        { format: 'name' },
    );
}

function validateStorageClass(storageClass: Incomplete<V1StorageClass>): FieldError[] {
    return [
        ...required(storageClass.provisioner, 'provisioner'),
        ...optionalOneOf(storageClass.reclaimPolicy, 'reclaimPolicy', ['Delete', 'Retain']),
        ...(isBlank(storageClass.volumeBindingMode)
            ? [fieldErrors.required('volumeBindingMode')]
            : optionalOneOf(storageClass.volumeBindingMode, 'volumeBindingMode', [
                  'Immediate',
                  'WaitForFirstConsumer',
              ])),
    ];
}

const storageClassStrategy: Strategy<Incomplete<V1StorageClass>> = {
    defaults(storageClass) {
        storageClass.reclaimPolicy ??= 'Delete';
        storageClass.volumeBindingMode ??= 'Immediate';
    },
    validate: validateStorageClass,
    validateUpdate(storageClass, old) {
        const detail = 'updates to parameters are forbidden.';
        const kept = immutable(storageClass.parameters, old.parameters, 'parameters').length === 0;
        const errors = kept ? [] : [fieldErrors.forbidden('parameters', detail)];
        if (storageClass.provisioner !== old.provisioner) {
            errors.push(fieldErrors.forbidden('provisioner', 'updates to provisioner are forbidden.'));
        }
        if (storageClass.reclaimPolicy !== old.reclaimPolicy) {
            errors.push(fieldErrors.forbidden('reclaimPolicy', 'updates to reclaimPolicy are forbidden.'));
        }
        return [
            ...validateStorageClass(storageClass),
            ...errors,
            ...immutable(storageClass.volumeBindingMode, old.volumeBindingMode, 'volumeBindingMode'),
        ];
    },
    columns: [
        defaultMarkedName<Incomplete<V1StorageClass>>(
            'storageclass.kubernetes.io/is-default-class',
            'storageclass.beta.kubernetes.io/is-default-class',
        ),
        column('Provisioner', ({ provisioner }) => provisioner ?? ''),
        column('ReclaimPolicy', ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete'),
        column('VolumeBindingMode', ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate'),
        column('AllowVolumeExpansion', ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false),
        ageColumn,
    ],
};

const csiDriverStrategy: Strategy<Incomplete<V1CSIDriver>> = {
    hasGeneration: true,
    prepareForCreate: startsGeneration,
    defaults(driver) {
        driver.spec ??= {};
        const { spec } = driver;
        spec.attachRequired ??= true;
        spec.podInfoOnMount ??= false;
        spec.storageCapacity ??= false;
        spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
        if (items(spec.volumeLifecycleModes).length === 0) spec.volumeLifecycleModes = ['Persistent'];
        spec.requiresRepublish ??= false;
        spec.seLinuxMount ??= false;
    },
    validateUpdate: ({ spec }, { spec: old }) => [
        // The misspelt name is upstream's.
        ...immutable(spec?.attachRequired, old?.attachRequired, 'spec.attachedRequired'),
        ...immutable(spec?.volumeLifecycleModes, old?.volumeLifecycleModes, 'spec.volumeLifecycleModes'),
    ],
    columns: [
        nameColumn,
        column('AttachRequired', ({ spec }) => spec?.attachRequired ?? true, { type: 'boolean' }),
        column('PodInfoOnMount', ({ spec }) => spec?.podInfoOnMount ?? false, { type: 'boolean' }),
        column('StorageCapacity', ({ spec }) => spec?.storageCapacity ?? false, { type: 'boolean' }),
        column('TokenRequests', ({ spec }) =>
            spec?.tokenRequests === undefined
                ? '<unset>'
                : spec.tokenRequests.map(({ audience }) => audience).join(','),
        ),
        column('RequiresRepublish', ({ spec }) => spec?.requiresRepublish ?? false, { type: 'boolean' }),
        column('Modes', ({ spec }) => items(spec?.volumeLifecycleModes).join(',') || '<none>'),
        ageColumn,
    ],
};

const csiNodeStrategy: Strategy<Incomplete<V1CSINode>> = {
    columns: [
        nameColumn,
        integerColumn<Incomplete<V1CSINode>>('Drivers', ({ spec }) => spec?.drivers?.length),
        ageColumn,
    ],
};

const csiStorageCapacityStrategy: Strategy<Incomplete<V1CSIStorageCapacity>> = {
    validate: ({ storageClassName }) => required(storageClassName, 'storageClassName'),
    columns: [
        nameColumn,
        column('StorageClassName', ({ storageClassName }) => storageClassName ?? ''),
        column('Capacity', ({ capacity }) => orUnset(capacity)),
    ],
};

function validateAttachmentSource(
    source: Incomplete<V1VolumeAttachment['spec']['source']> | undefined,
): FieldError[] {
    const path = 'spec.source';
    const detail = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
    const { inlineVolumeSpec, persistentVolumeName } = source ?? {};
    if (inlineVolumeSpec !== undefined && persistentVolumeName !== undefined) {
        return [fieldErrors.forbidden(path, detail)];
    }
    if (persistentVolumeName !== undefined) {
        return dnsSubdomain(persistentVolumeName, `${path}.persistentVolumeName`);
    }
    return inlineVolumeSpec === undefined ? [fieldErrors.required(path, detail)] : [];
}

const volumeAttachmentStrategy: Strategy<Incomplete<V1VolumeAttachment>> = withStatus<
    Incomplete<V1VolumeAttachment>
>({
    prepareForCreate(attachment) {
        attachment.status = { attached: false };
    },
    validate: ({ spec }) => [
        ...required(spec?.attacher, 'spec.attacher'),
        ...required(spec?.nodeName, 'spec.nodeName'),
        ...validateAttachmentSource(spec?.source),
    ],
    validateUpdate: (attachment, old) => immutable(attachment.spec, old.spec, 'spec'),
    columns: [
        nameColumn,
        column('Attacher', ({ spec }) => spec?.attacher ?? '', { format: 'name' }),
        column('PV', ({ spec }) => spec?.source?.persistentVolumeName ?? ''),
        column('Node', ({ spec }) => spec?.nodeName ?? ''),
        column('Attached', ({ status }) => status?.attached ?? false, { type: 'boolean' }),
        ageColumn,
    ],
});

const volumeAttributesClassStrategy: Strategy<Incomplete<V1VolumeAttributesClass>> = {
    validate: ({ driverName, parameters }) => [
        ...required(driverName, 'driverName'),
        ...(Object.keys(parameters ?? {}).length > 0
            ? []
            : [fieldErrors.required('parameters', 'must contain at least one key/value pair')]),
    ],
    validateUpdate: (attributes, old) => [
        ...immutable(attributes.driverName, old.driverName, 'driverName'),
        ...immutable(attributes.parameters, old.parameters, 'parameters'),
    ],
    columns: [
        defaultMarkedName<Incomplete<V1VolumeAttributesClass>>(
            'volumeattributesclass.alpha.kubernetes.io/is-default-class',
        ),
        column('DriverName', ({ driverName }) => driverName ?? ''),
        ageColumn,
    ],
};

export const storageStrategies: Readonly<Record<string, Strategy>> = {
    csidrivers: csiDriverStrategy,
    csinodes: csiNodeStrategy,
    csistoragecapacities: csiStorageCapacityStrategy,
    storageclasses: storageClassStrategy,
    volumeattachments: volumeAttachmentStrategy,
    volumeattributesclasses: volumeAttributesClassStrategy,
};
