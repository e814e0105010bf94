import { fieldErrors } from '../../../api/meta/field-error.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { ApiRequest } from '../request.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** The query parameters that all writes share. */
export interface WriteOptions {
    dryRun: boolean;
    fieldValidation: FieldValidation;
    fieldManager: string;
}

const fieldManagerCharsMax = 128;

/** `kind` names the options in error messages: CreateOptions, UpdateOptions, PatchOptions. */
export function writeOptionsOf({ query }: Pick<ApiRequest, 'query'>, kind: string): WriteOptions {
    const errors = [];
    const validation = query.get('fieldValidation') ?? '';
    if (!['', 'Ignore', 'Warn', 'Strict'].includes(validation)) {
        errors.push(
            fieldErrors.notSupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']),
        );
    }
    const dryRun = query.getAll('dryRun').filter((value) => value !== '');
    if (dryRun.some((value) => value !== 'All')) {
        errors.push(fieldErrors.notSupported('dryRun', dryRun[0], ['All']));
    }
    const fieldManager = query.get('fieldManager') ?? '';
    if (fieldManager.length > fieldManagerCharsMax) {
        errors.push(fieldErrors.tooLong('fieldManager', fieldManagerCharsMax));
    }
    if (errors.length > 0) throw statusErrors.invalid(kind, 'meta.k8s.io', '', errors);
    return {
        dryRun: dryRun.length > 0,
        fieldValidation: validation === '' ? 'Warn' : (validation as FieldValidation),
        fieldManager,
    };
}
