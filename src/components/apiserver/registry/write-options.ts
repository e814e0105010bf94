import { type FieldError, fieldErrors } from '../../../api/meta/field-error.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { ApiRequest } from '../request.ts';
import { fieldManagerBytesMax } from './managed-fields.ts';
import { booleanOf } from './query.ts';

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
    const force = booleanOf(request.query, 'force') ?? false;
    return { ...checked(request, 'PatchOptions', errors), force };
}

function checked({ query }: Pick<ApiRequest, 'query'>, kind: string, errors: FieldError[]): WriteOptions {
    const fieldManager = query.get('fieldManager') ?? '';
    errors.push(...fieldManagerErrors(fieldManager));
    const dryRun = query.getAll('dryRun');
    if (dryRun.some((value) => value !== 'All')) {
        errors.push(fieldErrors.notSupported('dryRun', dryRun, ['All']));
    }
    const validation = query.get('fieldValidation') ?? '';
    if (!['', 'Ignore', 'Warn', 'Strict'].includes(validation)) {
        errors.push(
            fieldErrors.notSupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']),
        );
    }
    if (errors.length > 0) throw statusErrors.invalid(kind, 'meta.k8s.io', '', errors);
    return {
        dryRun: dryRun.length > 0,
        fieldValidation: validation === '' ? 'Warn' : (validation as FieldValidation),
        fieldManager,
    };
}

/** What Go's unicode.IsPrint takes. */
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

function fieldManagerErrors(manager: string): FieldError[] {
    const isLong = Buffer.byteLength(manager) > fieldManagerBytesMax;
    const errors = isLong ? [fieldErrors.tooLong('fieldManager', fieldManagerBytesMax)] : [];
    let position = 0;
    for (const character of manager.slice(0, fieldManagerBytesMax)) {
        if (!printable.test(character)) {
            const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
            const detail = `invalid character U+${code} (at position ${position})`;
            errors.push(fieldErrors.invalid('fieldManager', manager, detail));
        }
        position += Buffer.byteLength(character);
    }
    return errors;
}
