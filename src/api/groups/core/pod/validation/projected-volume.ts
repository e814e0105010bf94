import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import { validateAnnotations } from '../../../../meta/names.ts';
import type { V1LabelSelector, V1VolumeProjection } from '../../../../meta/object.ts';
import type { Incomplete } from '../../../incomplete.ts';
import {
    each,
    formatErrors,
    isBlank,
    items,
    localNonReservedPath,
    oneOf,
    required,
} from '../../../validation/basic.ts';
import { validateLabelSelector } from '../../../validation/labels.ts';
import { validateSignerName, validateTrustBundleName } from '../../../validation/signer-name.ts';
import { validateDownwardFile, validateKeyFile } from './volume-files.ts';

type Projection = Incomplete<V1VolumeProjection>;
type SourceName = keyof V1VolumeProjection;
type Source<Name extends SourceName> = NonNullable<Projection[Name]>;

/** What a source of a projected volume is checked with. */
interface ProjectionContext {
    /** Path of the projected volume: upstream reports some errors there. */
    volumePath: string;
    /** Adds a file to the volume: an error if there is one of that name, about `value`. */
    addFile: (file: string | undefined, value: string | undefined) => FieldError[];
}

/** Sources that end up in one directory: one kind each, and no file twice. */
export function validateProjections(
    sources: readonly Projection[] | undefined,
    volumePath: string,
): FieldError[] {
    const files = new Set<string>();
    const context: ProjectionContext = {
        volumePath,
        addFile: (file = '', value = '') => {
            if (files.has(file)) {
                return [fieldErrors.invalid(volumePath, value, 'conflicting duplicate paths')];
            }
            files.add(file);
            return [];
        },
    };
    return each(sources, `${volumePath}.sources`, (source, path) => {
        const names = sourceNames.filter((name) => source[name] !== undefined);
        const errors = names.flatMap((name) => validateProjection(name, source, { path, context }));
        return names.length > 1
            ? [...errors, fieldErrors.forbidden(path, 'may not specify more than 1 volume type per source')]
            : errors;
    });
}

function validateProjection<Name extends SourceName>(
    name: Name,
    projection: Pick<Projection, Name>,
    { path, context }: { path: string; context: ProjectionContext },
): FieldError[] {
    const source = projection[name];
    if (source === undefined) return [];
    return checks[name](source, `${path}.${name}`, context);
}

function validateFiles(
    { name, items: files }: Source<'secret'>,
    path: string,
    { addFile }: ProjectionContext,
): FieldError[] {
    return [
        ...required(name, `${path}.name`),
        ...each(files, `${path}.items`, (file, filePath) => [
            ...validateKeyFile(file, filePath),
            ...(isBlank(file.path) ? [] : addFile(file.path, name)),
        ]),
    ];
}

const tokenSecondsMin = 600;
const tokenSecondsMax = 2 ** 32;

function validateToken(
    { path: file, expirationSeconds: seconds }: Source<'serviceAccountToken'>,
    path: string,
    { volumePath }: ProjectionContext,
): FieldError[] {
    const errors: FieldError[] = [];
    if (seconds !== undefined && seconds < tokenSecondsMin) {
        const detail = 'may not specify a duration less than 10 minutes';
        errors.push(fieldErrors.invalid(`${path}.expirationSeconds`, seconds, detail));
    }
    if (seconds !== undefined && seconds > tokenSecondsMax) {
        const detail = 'may not specify a duration larger than 2^32 seconds';
        errors.push(fieldErrors.invalid(`${path}.expirationSeconds`, seconds, detail));
    }
    // The path of the volume, without the source's, is what upstream reports.
    return isBlank(file)
        ? [...errors, fieldErrors.required(`${volumePath}.path`)]
        : [...errors, ...localNonReservedPath(file ?? '', `${volumePath}.path`)];
}

function validateTrustBundle(
    bundle: Source<'clusterTrustBundle'>,
    path: string,
    { addFile }: ProjectionContext,
): FieldError[] {
    const { path: file = '' } = bundle;
    return [
        ...validateBundleChoice(bundle, path),
        ...required(file, `${path}.path`),
        ...localNonReservedPath(file, `${path}.path`),
        ...addFile(file, file),
    ];
}

function validateBundleChoice(bundle: Source<'clusterTrustBundle'>, path: string): FieldError[] {
    const { name, signerName, labelSelector } = bundle;
    if (name !== undefined && signerName !== undefined) {
        return [fieldErrors.invalid(path, bundle, 'only one of name and signerName may be used')];
    }
    if (name !== undefined) {
        const selectorPath = `${path}.labelSelector`;
        const detail = 'labelSelector must be unset if name is specified';
        return [
            ...(name === '' ? [fieldErrors.required(`${path}.name`, 'must be a valid object name')] : []),
            ...validateTrustBundleName(name, `${path}.name`),
            ...(labelSelector === undefined
                ? []
                : [fieldErrors.invalid(selectorPath, labelSelector, detail)]),
        ];
    }
    if (signerName === undefined) {
        return [fieldErrors.required(path, 'either name or signerName must be specified')];
    }
    const signerPath = `${path}.signerName`;
    return [
        ...(signerName === '' ? [fieldErrors.required(signerPath, 'must be a valid signer name')] : []),
        ...validateSignerName(signerName, signerPath),
        ...validateLabelSelector(labelSelector as V1LabelSelector | undefined, `${path}.labelSelector`),
    ];
}

const keyTypes = ['RSA3072', 'RSA4096', 'ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519'];
const certificateSecondsMin = 3600;
const certificateSecondsMax = 91 * 86_400;
/** Of signers of Kubernetes itself. */
const ownCertificateSecondsMax = 86_400;
const certificateFiles = ['credentialBundlePath', 'keyPath', 'certificateChainPath'] as const;

function validateCertificate(
    certificate: Source<'podCertificate'>,
    path: string,
    { addFile }: ProjectionContext,
): FieldError[] {
    const { signerName, keyType, userAnnotations } = certificate;
    const errors = [
        ...validateSignerName(signerName, `${path}.signerName`),
        ...(isBlank(keyType)
            ? [fieldErrors.notSupported(`${path}.keyType`, '', keyTypes)]
            : oneOf(keyType, `${path}.keyType`, keyTypes)),
        ...validateCertificateSeconds(certificate, `${path}.maxExpirationSeconds`),
    ];
    const named = certificateFiles.filter((field) => !isBlank(certificate[field]));
    for (const field of named) {
        const file = certificate[field] ?? '';
        errors.push(...localNonReservedPath(file, `${path}.${field}`), ...addFile(file, file));
    }
    if (named.length === 0) {
        const detail = 'specify at least one of credentialBundlePath, keyPath, and certificateChainPath';
        errors.push(fieldErrors.required(path, detail));
    }
    return [...errors, ...validateUserAnnotations(userAnnotations, `${path}.userAnnotations`)];
}

function validateCertificateSeconds(
    { signerName, maxExpirationSeconds: seconds }: Source<'podCertificate'>,
    path: string,
): FieldError[] {
    if (seconds === undefined) return [];
    const max =
        signerName?.startsWith('kubernetes.io/') === true ? ownCertificateSecondsMax : certificateSecondsMax;
    const bound =
        seconds < certificateSecondsMin ? `>= ${certificateSecondsMin}` : seconds > max ? `<= ${max}` : '';
    return bound === ''
        ? []
        : [fieldErrors.invalid(path, seconds, `if provided, maxExpirationSeconds must be ${bound}`)];
}

/** As annotations of an object, in somebody's domain. */
function validateUserAnnotations(
    annotations: Record<string, string> | undefined,
    path: string,
): FieldError[] {
    const bare = Object.keys(annotations ?? {}).filter((key) => !key.includes('/'));
    return [
        ...validateAnnotations(annotations, path),
        ...bare.flatMap((key) => formatErrors(key, path, ['must be a domain-prefixed key'])),
    ];
}

const checks: {
    readonly [Name in SourceName]-?: (
        source: Source<Name>,
        path: string,
        context: ProjectionContext,
    ) => FieldError[];
} = {
    secret: validateFiles,
    configMap: validateFiles,
    downwardAPI: ({ items: files }, path, { addFile }) =>
        items(files).flatMap((file) => [
            ...validateDownwardFile(file, path),
            ...(isBlank(file.path) ? [] : addFile(file.path, file.path)),
        ]),
    serviceAccountToken: validateToken,
    clusterTrustBundle: validateTrustBundle,
    podCertificate: validateCertificate,
};
const sourceNames = Object.keys(checks) as SourceName[];
