import type { ApiObject } from '../../../api/meta/object.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { Target } from './registry.ts';

/** Fills in the path's namespace where an object has none. Throws a 400 when it has another one. */
export function checkNamespace(object: ApiObject, { definition, namespace }: Target): void {
    if (!definition.namespaced) return;
    const metadata = (object.metadata ??= {});
    if (!metadata.namespace) metadata.namespace = namespace;
    else if (metadata.namespace !== namespace) {
        throw statusErrors.badRequest(
            'the namespace of the provided object does not match the namespace sent on the request',
        );
    }
}

/** Name and namespace of a new state must be the path's. Throws a 400. */
export function checkIdentity(object: ApiObject, target: Target): void {
    checkNamespace(object, target);
    const { name } = target;
    const given = object.metadata?.name ?? '';
    if (given === '') {
        throw statusErrors.badRequest(
            `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
        );
    }
    if (given !== name) {
        throw statusErrors.badRequest(
            `the name of the object (${given}) does not match the name on the URL (${name})`,
        );
    }
}
