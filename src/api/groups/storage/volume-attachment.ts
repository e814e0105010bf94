import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1PersistentVolumeSpec, V1VolumeAttachment } from '../../meta/object.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { validateInlineVolume } from '../core/persistent-volume/validation.ts';
import type { Incomplete } from '../incomplete.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import { dnsSubdomain, immutable, inclusiveRange, int32Max, isBlank, required } from '../validation/basic.ts';
import { csiDriverName } from '../validation/csi.ts';
import { mapBytes } from './parameters.ts';

type Attachment = Incomplete<V1VolumeAttachment>;
type Spec = NonNullable<Attachment['spec']>;
type VolumeError = NonNullable<NonNullable<Attachment['status']>['attachError']>;

const metadataBytesMax = 256 * 1024;
const messageBytesMax = 1024;

function validateSource(source: Spec['source']): FieldError[] {
    const path = 'spec.source';
    const detail = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
    const { inlineVolumeSpec: inline, persistentVolumeName: name } = source ?? {};
    if (inline !== undefined && name !== undefined) return [fieldErrors.forbidden(path, detail)];
    if (inline !== undefined) {
        return validateInlineVolume(inline as V1PersistentVolumeSpec, `${path}.inlineVolumeSpec`);
    }
    if (name === undefined) return [fieldErrors.required(path, detail)];
    const missing = 'must specify non empty persistentVolumeName';
    return isBlank(name) ? [fieldErrors.required(`${path}.persistentVolumeName`, missing)] : [];
}

function validateError(error: VolumeError | undefined, path: string): FieldError[] {
    const { message = '', errorCode } = error ?? {};
    const errors: FieldError[] = [];
    if (Buffer.byteLength(message) > messageBytesMax) {
        // The bound that upstream tells is not the one it checks.
        errors.push(fieldErrors.tooLong(`${path}.message`, metadataBytesMax));
    }
    return errorCode === undefined || errorCode >= 0
        ? errors
        : [...errors, fieldErrors.invalid(`${path}.errorCode`, errorCode, inclusiveRange(0, int32Max))];
}

function validateStatus({ status }: Attachment): FieldError[] {
    return [
        ...(mapBytes(status?.attachmentMetadata) > metadataBytesMax
            ? [fieldErrors.tooLong('status.attachmentMetadata', metadataBytesMax)]
            : []),
        ...validateError(status?.attachError, 'status.attachError'),
        ...validateError(status?.detachError, 'status.detachError'),
    ];
}

/** What holds for attachments of any age. */
function validateAlways(attachment: Attachment): FieldError[] {
    const { spec } = attachment;
    return [
        ...required(spec?.attacher, 'spec.attacher'),
        ...validateSource(spec?.source),
        ...dnsSubdomain(spec?.nodeName, 'spec.nodeName'),
        ...validateStatus(attachment),
    ];
}

/** What came later, and holds for new ones alone. */
function validateNew({ spec }: Attachment): FieldError[] {
    const attacher = spec?.attacher;
    const volumeName = spec?.source?.persistentVolumeName;
    return [
        ...(isBlank(attacher) ? [] : csiDriverName(attacher, 'spec.attacher')),
        ...(isBlank(volumeName) ? [] : dnsSubdomain(volumeName, 'spec.source.persistentVolumeName')),
    ];
}

function validateUpdate(attachment: Attachment, old: Attachment): FieldError[] {
    return [...validateAlways(attachment), ...immutable(attachment.spec, old.spec, 'spec')];
}

export const volumeAttachmentStrategy: Strategy<Attachment> = withStatus<Attachment>({
    allowUnconditionalUpdate: false,
    statusKeepsMetadata: true,
    prepareForCreate(attachment) {
        attachment.status = { attached: false };
    },
    validate: (attachment) => [...validateAlways(attachment), ...validateNew(attachment)],
    validateUpdate,
    validateStatusUpdate: validateUpdate,
    columns: [
        nameColumn,
        column('Attacher', ({ spec }) => spec?.attacher ?? '', { format: 'name' }),
        column('PV', ({ spec }) => spec?.source?.persistentVolumeName ?? ''),
        column('Node', ({ spec }) => spec?.nodeName ?? ''),
        column('Attached', ({ status }) => status?.attached ?? false, { type: 'boolean' }),
        ageColumn,
    ],
});
