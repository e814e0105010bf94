import { type FieldError, fieldErrors } from '../../../api/meta/field-error.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { ApiRequest } from '../request.ts';
import { fieldManagerCharsMax } from './managed-fields.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** The query parameters that all writes share. */
export interface WriteOptions {
    dryRun: boolean;
    fieldValidation: FieldValidation;
    fieldManager: string;
}

export interface ApplyOptions extends WriteOptions {
    force: boolean;
}

/** `kind` names the options in error messages: CreateOptions, UpdateOptions, PatchOptions. */
export function writeOptionsOf(request: Pick<ApiRequest, 'query'>, kind: string): WriteOptions {
    const errors: FieldError[] = [];
    if (kind === 'PatchOptions' && request.query.get('force') !== null) {
        errors.push(fieldErrors.forbidden('force', 'may not be specified for non-apply patch'));
    }
    return checked(request, kind, errors);
}

/** Those of a server-side apply, which must say who applies. */
export function applyOptionsOf(request: Pick<ApiRequest, 'query'>): ApplyOptions {
    const errors: FieldError[] = [];
    if (!request.query.get('fieldManager')) {
        errors.push(fieldErrors.required('fieldManager', 'is required for apply patch'));
    }
    const force = request.query.get('force') ?? '';
    return { ...checked(request, 'PatchOptions', errors), force: isTrue(force) };
}

/** As Go reads a boolean. */
function isTrue(text: string): boolean {
    return ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text);
}

function checked({ query }: Pick<ApiRequest, 'query'>, kind: string, errors: FieldError[]): WriteOptions {
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
    if (/\p{C}/u.test(fieldManager)) {
        errors.push(
            fieldErrors.invalid('fieldManager', fieldManager, 'should only contain printable characters'),
        );
    }
    if (errors.length > 0) throw statusErrors.invalid(kind, 'meta.k8s.io', '', errors);
    return {
        dryRun: dryRun.length > 0,
        fieldValidation: validation === '' ? 'Warn' : (validation as FieldValidation),
        fieldManager,
    };
}
