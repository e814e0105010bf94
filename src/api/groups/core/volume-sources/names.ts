import { type FieldError, fieldErrors } from '../../../meta/field-error.ts';

/** Fields that upstream calls something else where it reports what is wrong in them. */
const contentNames: Readonly<Record<string, string>> = { gcePersistentDisk: 'persistentDisk' };
/** The same, where it reports that they are one source too many. */
const surplusNames: Readonly<Record<string, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };

/** Path of a source, as errors of its content have it. */
export function sourcePath(name: string, path: string): string {
    return `${path}.${contentNames[name] ?? name}`;
}

/** That there is a source already. */
export function surplusSource(name: string, path: string): FieldError {
    return fieldErrors.forbidden(
        `${path}.${surplusNames[name] ?? name}`,
        'may not specify more than 1 volume type',
    );
}
