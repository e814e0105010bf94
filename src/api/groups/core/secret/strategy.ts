import type { V1Secret } from '../../../meta/object.ts';
import { ageColumn, column, countColumn, nameColumn } from '../../columns.ts';
import type { Strategy } from '../../resource.ts';
import { immutable } from '../../validation/basic.ts';
import { validateKeptImmutable } from '../config-map.ts';
import { validateSecret } from './validation.ts';

/** `stringData` is for writing only: it goes into `data`, over what is there. */
function foldStringData(secret: V1Secret): void {
    const { stringData } = secret;
    if (stringData === undefined) return;
    secret.data ??= {};
    for (const [key, value] of Object.entries(stringData)) {
        secret.data[key] = Buffer.from(value, 'utf8').toString('base64');
    }
    delete secret.stringData;
}

export const secretStrategy: Strategy<V1Secret> = {
    defaults(secret) {
        foldStringData(secret);
        secret.type ||= 'Opaque';
    },
    validate: validateSecret,
    validateUpdate: (secret, old) => [
        ...immutable(secret.type, old.type, 'type'),
        ...validateKeptImmutable(secret, old, ['data']),
        ...validateSecret(secret),
    ],
    selectableFields: (secret) => ({ type: secret.type ?? '' }),
    columns: [
        nameColumn,
        column('Type', (secret) => secret.type ?? ''),
        countColumn<V1Secret>('Data', (secret) => Object.keys(secret.data ?? {}).length),
        ageColumn,
    ],
};
