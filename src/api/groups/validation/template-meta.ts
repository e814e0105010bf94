import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { validateAnnotations, validateLabels } from '../../meta/names.ts';
import type { V1ObjectMeta } from '../../meta/object.ts';

const allowedFields = new Set(['annotations', 'labels']);
/** Fields whose name in upstream's errors is not simply the field's with a capital letter. */
const goNames: Readonly<Record<string, string>> = { uid: 'UID' };

function goName(field: string): string {
    return goNames[field] ?? `${field.charAt(0).toUpperCase()}${field.slice(1)}`;
}

function isGiven(value: unknown): boolean {
    if (value === undefined || value === null || value === '' || value === 0) return false;
    return typeof value !== 'object' || Object.keys(value).length > 0;
}

/** Metadata of a template of which only labels and annotations count: the rest must not be there. */
export function validateTemplateMeta(metadata: V1ObjectMeta | undefined, path: string): FieldError[] {
    const surplus = Object.entries(metadata ?? {}).filter(
        ([field, value]) => !allowedFields.has(field) && isGiven(value),
    );
    return [
        ...validateAnnotations(metadata?.annotations, `${path}.annotations`),
        ...validateLabels(metadata?.labels, `${path}.labels`),
        ...surplus.map(([field]) => fieldErrors.forbidden(`${path}.${goName(field)}`, 'cannot be set')),
    ];
}
