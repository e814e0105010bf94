import { canonicalQuantity, quantityToMilli } from '../../../../meta/quantity.ts';
import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import { isConfigMapKey, isRelaxedEnvVarName } from '../../../../meta/names.ts';
import type {
    V1EnvFromSource,
    V1EnvVar,
    V1EnvVarSource,
    V1FileKeySelector,
    V1ObjectFieldSelector,
    V1ResourceFieldSelector,
} from '../../../../meta/object.ts';
import type { Incomplete } from '../../../incomplete.ts';
import {
    dnsLabel,
    dnsSubdomain,
    each,
    formatErrors,
    isBlank,
    localNonReservedPath,
    objectName,
    qualifiedName,
} from '../../../validation/basic.ts';

const fileKeyBytesMax = 128;

const envFieldPaths = [
    'metadata.name',
    'metadata.namespace',
    'metadata.uid',
    'spec.nodeName',
    'spec.serviceAccountName',
    'status.hostIP',
    'status.hostIPs',
    'status.podIP',
    'status.podIPs',
];
export const volumeFieldPaths = [
    'metadata.name',
    'metadata.namespace',
    'metadata.labels',
    'metadata.annotations',
    'metadata.uid',
];
/** Fields of a pod that the downward API can name at all, wherever it is used. */
const downwardFieldPaths = new Set([
    ...envFieldPaths,
    ...volumeFieldPaths,
    'spec.restartPolicy',
    'status.phase',
]);

const resourceFields = ['cpu', 'memory', 'ephemeral-storage'].flatMap((name) => [
    `limits.${name}`,
    `requests.${name}`,
]);
const byteDivisors = new Set('1 1k 1M 1G 1T 1P 1E 1Ki 1Mi 1Gi 1Ti 1Pi 1Ei'.split(' '));
const byteDivisorsText = [...byteDivisors].join(', ');

export function validateEnv(env: V1EnvVar[] | undefined, path: string): FieldError[] {
    return each(env, path, (variable, itemPath) => [
        ...(isBlank(variable.name)
            ? [fieldErrors.required(`${itemPath}.name`)]
            : formatErrors(variable.name, `${itemPath}.name`, isRelaxedEnvVarName(variable.name))),
        ...(variable.valueFrom === undefined
            ? []
            : validateValueFrom(variable, variable.valueFrom, `${itemPath}.valueFrom`)),
    ]);
}

function validateValueFrom(variable: V1EnvVar, source: V1EnvVarSource, path: string): FieldError[] {
    const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source;
    const errors: FieldError[] = [];
    if (fieldRef !== undefined) {
        errors.push(...validateFieldRef(fieldRef, `${path}.fieldRef`, envFieldPaths));
    }
    if (resourceFieldRef !== undefined) {
        errors.push(...validateResourceFieldRef(resourceFieldRef, `${path}.resourceFieldRef`));
    }
    if (configMapKeyRef !== undefined) {
        errors.push(...validateKeyRef(configMapKeyRef, `${path}.configMapKeyRef`));
    }
    if (secretKeyRef !== undefined) errors.push(...validateKeyRef(secretKeyRef, `${path}.secretKeyRef`));
    if (fileKeyRef !== undefined) errors.push(...validateFileKeyRef(fileKeyRef, `${path}.fileKeyRef`));
    const sources = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef];
    const count = sources.filter((one) => one !== undefined).length;
    if (count === 0) {
        const choices = '`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';
        errors.push(fieldErrors.invalid(path, '', `must specify one of: ${choices}`));
    } else if (!isBlank(variable.value)) {
        errors.push(fieldErrors.invalid(path, '', 'may not be specified when `value` is not empty'));
    } else if (count > 1) {
        errors.push(fieldErrors.invalid(path, '', 'may not have more than one field specified at a time'));
    }
    return errors;
}

function validateKeyRef(ref: { name?: string | undefined; key: string }, path: string): FieldError[] {
    return [
        ...dnsSubdomain(ref.name, `${path}.name`),
        ...(isBlank(ref.key)
            ? [fieldErrors.required(`${path}.key`)]
            : formatErrors(ref.key, `${path}.key`, isConfigMapKey(ref.key))),
    ];
}

/** A variable in a file that another container of the pod writes. */
function validateFileKeyRef(ref: Incomplete<V1FileKeySelector>, path: string): FieldError[] {
    const { volumeName, path: file = '', key = '' } = ref;
    const errors = isBlank(volumeName)
        ? [fieldErrors.required(`${path}.volumeName`)]
        : dnsLabel(volumeName, `${path}.volumeName`);
    if (file === '') errors.push(fieldErrors.required(`${path}.path`));
    else errors.push(...localNonReservedPath(file, `${path}.path`));
    if (key === '') return [...errors, fieldErrors.required(`${path}.key`)];
    errors.push(...formatErrors(key, `${path}.key`, isRelaxedEnvVarName(key)));
    if (key.length > fileKeyBytesMax) errors.push(fieldErrors.tooLong(`${path}.key`, fileKeyBytesMax));
    return errors;
}

/** A reference to a field of the pod, such as `metadata.labels['app']`. */
export function validateFieldRef(
    ref: V1ObjectFieldSelector,
    path: string,
    supported: readonly string[],
): FieldError[] {
    if (isBlank(ref.apiVersion)) return [fieldErrors.required(`${path}.apiVersion`)];
    if (isBlank(ref.fieldPath)) return [fieldErrors.required(`${path}.fieldPath`)];
    const subscript = /^(.+)\['([^']*)'\]$/.exec(ref.fieldPath);
    const base = subscript?.[1] ?? ref.fieldPath;
    if (!downwardFieldPaths.has(base)) {
        const detail = `error converting fieldPath: field label not supported: ${ref.fieldPath}`;
        return [fieldErrors.invalid(`${path}.fieldPath`, ref.fieldPath, detail)];
    }
    if (subscript === null) {
        return supported.includes(base)
            ? []
            : [fieldErrors.notSupported(`${path}.fieldPath`, base, supported)];
    }
    const key = subscript[2] ?? '';
    if (base === 'metadata.annotations') return qualifiedName(key.toLowerCase(), path);
    if (base === 'metadata.labels') return qualifiedName(key, path);
    return [fieldErrors.invalid(path, base, 'does not support subscript')];
}

export function validateResourceFieldRef(
    ref: V1ResourceFieldSelector,
    path: string,
    { needsContainer = false } = {},
): FieldError[] {
    const errors: FieldError[] = [];
    if (needsContainer && isBlank(ref.containerName))
        errors.push(fieldErrors.required(`${path}.containerName`));
    else if (isBlank(ref.resource)) errors.push(fieldErrors.required(`${path}.resource`));
    else if (!resourceFields.includes(ref.resource) && !isHugePages(ref.resource)) {
        errors.push(fieldErrors.notSupported(`${path}.resource`, ref.resource, resourceFields));
    }
    return [...errors, ...validateDivisor(ref, path)];
}

function isHugePages(resource: string): boolean {
    return /^(requests|limits)\.hugepages-/.test(resource);
}

function validateDivisor({ divisor, resource }: V1ResourceFieldSelector, path: string): FieldError[] {
    if (divisor === undefined || quantityToMilli(divisor) === 0) return [];
    const canonical = canonicalQuantity(divisor);
    if (/\.cpu$/.test(resource)) {
        if (canonical === '1m' || canonical === '1') return [];
        const detail = "only divisor's values 1m and 1 are supported with the cpu resource";
        return [fieldErrors.invalid(`${path}.divisor`, resource, detail)];
    }
    if (byteDivisors.has(canonical)) return [];
    const what = isHugePages(resource)
        ? 'hugepages'
        : resource.endsWith('.memory')
          ? 'memory'
          : 'local ephemeral storage';
    const detail = `only divisor's values ${byteDivisorsText} are supported with the ${what} resource`;
    return [fieldErrors.invalid(`${path}.divisor`, resource, detail)];
}

export function validateEnvFrom(sources: V1EnvFromSource[] | undefined, path: string): FieldError[] {
    return each(sources, path, ({ prefix, configMapRef, secretRef }, itemPath) => {
        const errors = isBlank(prefix)
            ? []
            : formatErrors(prefix, `${itemPath}.prefix`, isRelaxedEnvVarName(prefix ?? ''));
        if (configMapRef !== undefined) {
            errors.push(...objectName(configMapRef.name, `${itemPath}.configMapRef.name`));
        }
        if (secretRef !== undefined) errors.push(...objectName(secretRef.name, `${itemPath}.secretRef.name`));
        if (configMapRef === undefined && secretRef === undefined) {
            errors.push(fieldErrors.invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
        } else if (configMapRef !== undefined && secretRef !== undefined) {
            errors.push(
                fieldErrors.invalid(path, '', 'may not have more than one field specified at a time'),
            );
        }
        return errors;
    });
}
