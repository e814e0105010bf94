import { deepEqual } from './deep.ts';
import { type FieldError, fieldErrors } from './field-error.ts';
import {
    isDns1035Label,
    isDns1123Label,
    isDns1123Subdomain,
    isLabelValue,
    isPathSegmentName,
    isQualifiedName,
    type NameValidator,
} from './name-formats.ts';
import type { V1ObjectMeta, V1OwnerReference } from './object.ts';

const annotationsBytesMax = 256 * 1024;

export type NameFormat = 'dnsSubdomain' | 'dnsLabel' | 'dns1035Label' | 'pathSegment';
const validators: Readonly<Record<NameFormat, NameValidator>> = {
    dnsSubdomain: isDns1123Subdomain,
    dnsLabel: isDns1123Label,
    dns1035Label: isDns1035Label,
    pathSegment: isPathSegmentName,
};

export interface ObjectMetaRules {
    namespaced: boolean;
    /** Which names are allowed; default 'dnsSubdomain'. */
    nameFormat?: NameFormat | NameValidator | undefined;
    /** Default 'metadata'. */
    path?: string | undefined;
}

const nonNegative = 'must be greater than or equal to 0';
const immutable = 'field is immutable';

/** A prefix may end in a dash, which random characters will follow. */
function checkPrefix(validator: NameValidator, prefix: string): string[] {
    return validator(prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -2)}a` : prefix);
}

export function validateLabels(labels: Record<string, string> | undefined, path: string): FieldError[] {
    const errors: FieldError[] = [];
    for (const [key, value] of Object.entries(labels ?? {})) {
        for (const message of isQualifiedName(key)) errors.push(fieldErrors.invalid(path, key, message));
        for (const message of isLabelValue(value)) errors.push(fieldErrors.invalid(path, value, message));
    }
    return errors;
}

export function validateAnnotations(
    annotations: Record<string, string> | undefined,
    path: string,
): FieldError[] {
    const errors: FieldError[] = [];
    let bytes = 0;
    for (const [key, value] of Object.entries(annotations ?? {})) {
        for (const message of isQualifiedName(key.toLowerCase()))
            errors.push(fieldErrors.invalid(path, key, message));
        bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    }
    if (bytes > annotationsBytesMax) errors.push(fieldErrors.tooLong(path, annotationsBytesMax));
    return errors;
}

function validateOwnerReference(reference: V1OwnerReference, path: string): FieldError[] {
    const errors: FieldError[] = [];
    const { apiVersion, kind, name, uid } = reference;
    if (!apiVersion || apiVersion.endsWith('/'))
        errors.push(fieldErrors.invalid(`${path}.apiVersion`, apiVersion || '', 'version must not be empty'));
    for (const [field, value] of Object.entries({ kind, name, uid }))
        if (!value) errors.push(fieldErrors.invalid(`${path}.${field}`, value || '', 'must not be empty'));
    if (apiVersion === 'v1' && kind === 'Event')
        errors.push(
            fieldErrors.invalid(path, reference, '/v1, Kind=Event is disallowed from being an owner'),
        );
    return errors;
}

export function validateOwnerReferences(
    references: readonly V1OwnerReference[] | undefined,
    path: string,
): FieldError[] {
    const errors: FieldError[] = [];
    let controller: string | undefined;
    for (const reference of references ?? []) {
        errors.push(...validateOwnerReference(reference, path));
        if (reference.controller !== true) continue;
        const current = `${reference.kind}/${reference.name}`;
        if (controller === undefined) controller = current;
        else
            errors.push(
                fieldErrors.invalid(
                    path,
                    references,
                    `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${current}`,
                ),
            );
    }
    return errors;
}

export function validateFinalizers(finalizers: readonly string[] | undefined, path: string): FieldError[] {
    const list = finalizers ?? [];
    const errors = list.flatMap((finalizer) =>
        isQualifiedName(finalizer).map((message) => fieldErrors.invalid(path, finalizer, message)),
    );
    if (list.includes('orphan') && list.includes('foregroundDeletion'))
        errors.push(
            fieldErrors.invalid(
                path,
                finalizers,
                'finalizer orphan and foregroundDeletion cannot be both set',
            ),
        );
    return errors;
}

function validateNames(meta: V1ObjectMeta, rules: ObjectMetaRules, path: string): FieldError[] {
    const { nameFormat = 'dnsSubdomain' } = rules;
    const validator = typeof nameFormat === 'string' ? validators[nameFormat] : nameFormat;
    const { name, generateName, namespace } = meta;
    const errors: FieldError[] = [];
    if (generateName)
        for (const message of checkPrefix(validator, generateName))
            errors.push(fieldErrors.invalid(`${path}.generateName`, generateName, message));
    if (!name) errors.push(fieldErrors.required(`${path}.name`, 'name or generateName is required'));
    else
        for (const message of validator(name))
            errors.push(fieldErrors.invalid(`${path}.name`, name, message));
    if (!rules.namespaced) {
        if (namespace) errors.push(fieldErrors.forbidden(`${path}.namespace`, 'not allowed on this type'));
    } else if (!namespace) errors.push(fieldErrors.required(`${path}.namespace`));
    else
        for (const message of isDns1123Label(namespace))
            errors.push(fieldErrors.invalid(`${path}.namespace`, namespace, message));
    return errors;
}

/** What holds for the metadata of every object, new or changed. */
export function validateObjectMeta(meta: V1ObjectMeta | undefined, rules: ObjectMetaRules): FieldError[] {
    const path = rules.path ?? 'metadata';
    const { generation, labels, annotations, ownerReferences, finalizers } = meta ?? {};
    return [
        ...validateNames(meta ?? {}, rules, path),
        ...(generation !== undefined && generation < 0
            ? [fieldErrors.invalid(`${path}.generation`, generation, nonNegative)]
            : []),
        ...validateLabels(labels, `${path}.labels`),
        ...validateAnnotations(annotations, `${path}.annotations`),
        ...validateOwnerReferences(ownerReferences, `${path}.ownerReferences`),
        ...validateFinalizers(finalizers, `${path}.finalizers`),
    ];
}

const immutableFields = [
    'name',
    'namespace',
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
] as const;

function validateNoNewFinalizers(meta: V1ObjectMeta, old: V1ObjectMeta, path: string): FieldError[] {
    if (old.deletionTimestamp === undefined) return [];
    const before = new Set(old.finalizers);
    const added = (meta.finalizers ?? []).filter((finalizer) => !before.has(finalizer)).sort();
    if (added.length === 0) return [];
    const shown = added.map((finalizer) => JSON.stringify(finalizer)).join(', ');
    return [
        fieldErrors.forbidden(
            `${path}.finalizers`,
            `no new finalizers can be added if the object is being deleted, found new finalizers []string{${shown}}`,
        ),
    ];
}

/**
 * What holds between the metadata of a changed object and what is stored; `validateObjectMeta` is to be
 * called besides. The caller has filled in what clients may leave out (uid, creationTimestamp, …).
 */
export function validateObjectMetaUpdate(
    meta: V1ObjectMeta | undefined,
    old: V1ObjectMeta | undefined,
    path = 'metadata',
): FieldError[] {
    const next = meta ?? {};
    const before = old ?? {};
    const errors = validateNoNewFinalizers(next, before, path);
    if (!next.resourceVersion)
        errors.push(
            fieldErrors.invalid(
                `${path}.resourceVersion`,
                next.resourceVersion ?? '',
                'must be specified for an update',
            ),
        );
    if ((next.generation ?? 0) < (before.generation ?? 0))
        errors.push(
            fieldErrors.invalid(`${path}.generation`, next.generation ?? 0, 'must not be decremented'),
        );
    for (const field of immutableFields)
        if (!deepEqual(next[field], before[field]))
            errors.push(fieldErrors.invalid(`${path}.${field}`, next[field] ?? '', immutable));
    return errors;
}
