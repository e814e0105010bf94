import { type FieldError, fieldErrors } from '../../../api/meta/field-error.ts';
import {
    type EncryptionConfiguration,
    type GroupResource,
    keyBytes,
    type KeyConfiguration,
    type KeysConfiguration,
    parseGroupResource,
    type ProviderConfiguration,
} from './configuration.ts';

const aesKeyBytes = [16, 24, 32];
const secretboxKeyBytes = [32];
/** Kept in the store, but not as objects. */
const withoutRestApi = ['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations'];

const atLeastOne = (what: string): string => `at least one ${what} is required`;

/** What is wrong with a configuration, in upstream's words. Keys are never quoted. */
export function validateConfiguration({ resources }: EncryptionConfiguration): FieldError[] {
    if (resources.length === 0) return [fieldErrors.required('resources', atLeastOne('resources'))];
    return resources.flatMap((rule, index) => {
        const names = `resources[${index}].resources`;
        const providers = `resources[${index}].providers`;
        const errors: FieldError[] = [];
        if (rule.resources.length === 0) errors.push(fieldErrors.required(names, atLeastOne(names)));
        errors.push(...validateOverlap(rule.resources, names));
        errors.push(...rule.resources.flatMap((name, i) => validateName(name, `${names}[${i}]`)));
        if (rule.providers.length === 0) errors.push(fieldErrors.required(providers, atLeastOne(providers)));
        errors.push(...rule.providers.flatMap((p, i) => validateProvider(p, `${providers}[${i}]`)));
        return errors;
    });
}

function validateOverlap(names: readonly string[], path: string): FieldError[] {
    const parsed = names.map(parseGroupResource);
    const pairs = parsed.flatMap((one, i) => parsed.slice(i + 1).map((other) => [one, other] as const));
    const errors: FieldError[] = [];
    if (pairs.some(([one, other]) => isSame(one, other))) {
        errors.push(fieldErrors.invalid(path, names, 'the same resource cannot be specified multiple times'));
    }
    if (pairs.some(([one, other]) => !isSame(one, other) && overlaps(one, other))) {
        errors.push(
            fieldErrors.invalid(
                path,
                names,
                "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked",
            ),
        );
    }
    return errors;
}

const isSame = (a: GroupResource, b: GroupResource): boolean =>
    a.group === b.group && a.resource === b.resource;

const isAny = ({ group, resource }: GroupResource): boolean => group === '*' && resource === '*';

function overlaps(a: GroupResource, b: GroupResource): boolean {
    if (isAny(a) || isAny(b)) return true;
    return a.group === b.group && (a.resource === '*' || b.resource === '*');
}

function validateName(name: string, path: string): FieldError[] {
    const problem = problemOfName(name);
    return problem === undefined ? [] : [fieldErrors.invalid(path, name, problem)];
}

function problemOfName(name: string): string | undefined {
    if (name.toLowerCase() !== name) return 'resource name should not contain capital letters';
    if (name === '*') {
        return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources";
    }
    if (withoutRestApi.includes(name)) return 'resources which do not have REST API/s cannot be encrypted';
    const { group, resource } = parseGroupResource(name);
    if (group === 'events.k8s.io') {
        return "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file";
    }
    if (group === 'extensions') {
        return "'extensions' group has been removed and cannot be used for encryption";
    }
    if (group === '*' && resource !== '*')
        return 'encrypting the same resource across groups is not supported';
    return undefined;
}

function validateProvider(provider: ProviderConfiguration, path: string): FieldError[] {
    const set = Object.keys(provider);
    const errors: FieldError[] = [];
    if (set.length === 0) {
        errors.push(
            fieldErrors.invalid(
                path,
                {},
                'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity',
            ),
        );
    }
    if (set.length > 1) {
        errors.push(
            fieldErrors.invalid(
                path,
                set,
                'more than one provider specified in a single element, should split into different list elements',
            ),
        );
    }
    const { aesgcm, aescbc, secretbox, kms } = provider;
    if (kms !== undefined) {
        errors.push(fieldErrors.forbidden(`${path}.kms`, 'KMS providers are not supported by this server'));
    }
    if (aesgcm !== undefined) errors.push(...validateKeys(aesgcm, `${path}.aesgcm.keys`, aesKeyBytes));
    if (aescbc !== undefined) errors.push(...validateKeys(aescbc, `${path}.aescbc.keys`, aesKeyBytes));
    if (secretbox !== undefined) {
        errors.push(...validateKeys(secretbox, `${path}.secretbox.keys`, secretboxKeyBytes));
    }
    return errors;
}

function validateKeys({ keys }: KeysConfiguration, path: string, lengths: readonly number[]): FieldError[] {
    if (keys.length === 0) return [fieldErrors.required(path, atLeastOne('keys'))];
    return keys.flatMap((key, index) => validateKey(key, `${path}[${index}]`, lengths));
}

function validateKey(
    { name, secret }: KeyConfiguration,
    path: string,
    lengths: readonly number[],
): FieldError[] {
    const errors: FieldError[] = [];
    if (name === '') errors.push(fieldErrors.required(`${path}.name`, 'name is a mandatory field for a key'));
    if (secret === '') {
        errors.push(fieldErrors.required(`${path}.secret`, 'secret is a mandatory field for a key'));
        return errors;
    }
    const bytes = keyBytes(secret);
    const field = `${path}.secret`;
    if (bytes === undefined) {
        errors.push(fieldErrors.invalid(field, 'REDACTED', 'secrets must be base64 encoded'));
    } else if (!lengths.includes(bytes.length)) {
        const expected = `[${lengths.join(' ')}]`;
        errors.push(
            fieldErrors.invalid(
                field,
                'REDACTED',
                `secret is not of the expected length, got ${bytes.length}, expected one of ${expected}`,
            ),
        );
    }
    return errors;
}
