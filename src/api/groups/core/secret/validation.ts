import { type FieldError, fieldErrors } from '../../../meta/field-error.ts';
import { isConfigMapKey } from '../../../meta/names.ts';
import type { V1Secret } from '../../../meta/object.ts';
import { formatErrors } from '../../validation/basic.ts';
import { base64Bytes, dataBytesMax } from '../config-map.ts';

const accountNameAnnotation = 'kubernetes.io/service-account.name';

export function validateSecret(secret: V1Secret): FieldError[] {
    const errors: FieldError[] = [];
    let bytes = 0;
    for (const [key, value] of Object.entries(secret.data ?? {})) {
        errors.push(...formatErrors(key, `data[${key}]`, isConfigMapKey(key)));
        bytes += base64Bytes(value);
    }
    if (bytes > dataBytesMax) errors.push(fieldErrors.tooLong('data', dataBytesMax));
    return [...errors, ...validateType(secret)];
}

/** Every type but Opaque promises certain keys. */
function validateType(secret: V1Secret): FieldError[] {
    switch (secret.type) {
        case 'kubernetes.io/service-account-token': {
            const name = secret.metadata?.annotations?.[accountNameAnnotation];
            return name ? [] : [fieldErrors.required(`metadata.annotations[${accountNameAnnotation}]`)];
        }
        case 'kubernetes.io/dockercfg':
            return validateJson(secret, '.dockercfg');
        case 'kubernetes.io/dockerconfigjson':
            return validateJson(secret, '.dockerconfigjson');
        case 'kubernetes.io/basic-auth':
            return secret.data?.['username'] === undefined && secret.data?.['password'] === undefined
                ? [fieldErrors.required('data[username]'), fieldErrors.required('data[password]')]
                : [];
        case 'kubernetes.io/ssh-auth':
            return secret.data?.['ssh-privatekey'] ? [] : [fieldErrors.required('data[ssh-privatekey]')];
        case 'kubernetes.io/tls':
            return ['tls.crt', 'tls.key']
                .filter((key) => secret.data?.[key] === undefined)
                .map((key) => fieldErrors.required(`data[${key}]`));
        default:
            return [];
    }
}

function validateJson(secret: V1Secret, key: string): FieldError[] {
    const path = `data[${key}]`;
    const value = secret.data?.[key];
    if (value === undefined) return [fieldErrors.required(path)];
    try {
        JSON.parse(Buffer.from(value, 'base64').toString('utf8'));
        return [];
    } catch {
        // The parser's own words quote the text.
        return [fieldErrors.invalid(path, '<secret contents redacted>', 'invalid JSON')];
    }
}
