import type { ApiObject, V1ParamKind, V1ParamRef } from '../../../../api/meta/object.ts';
import { apiVersionOf } from '../../../../api/meta/object.ts';
import { selectorOf } from '../matching/selectors.ts';
import type { PluginContext } from '../context.ts';

/** One evaluation of a policy per parameter; a policy without parameters is evaluated once, with none. */
export type Param = ApiObject | null;

/** Throws an Error in upstream's words when the binding's parameters cannot be had. */
export function paramsOf(
    { definitions, reader }: PluginContext,
    { paramKind, paramRef }: { paramKind: V1ParamKind | undefined; paramRef: V1ParamRef | undefined },
    requestNamespace: string,
): Param[] {
    if (paramKind === undefined || paramRef === undefined) return [null];
    const { apiVersion = '', kind = '' } = paramKind;
    const definition = definitions().find((each) => each.kind === kind && apiVersionOf(each) === apiVersion);
    if (definition === undefined) throw new Error(`paramKind kind \`${apiVersion}, Kind=${kind}\` not known`);
    const { group, version, plural, namespaced } = definition;
    const resource = { group, version, resource: plural };
    const namespace = namespaced ? paramRef.namespace || requestNamespace : '';
    if (namespaced && namespace === '') {
        throw new Error(
            'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
        );
    }
    if (!namespaced && paramRef.namespace) {
        throw new Error('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
    }
    const found = findParams({ resource, namespace, reader }, paramRef);
    if (found.length === 0 && paramRef.parameterNotFoundAction === 'Deny') {
        throw new Error('no params found for policy binding with `Deny` parameterNotFoundAction');
    }
    return found;
}

function findParams(
    {
        reader,
        resource,
        namespace,
    }: {
        reader: PluginContext['reader'];
        resource: { group: string; version: string; resource: string };
        namespace: string;
    },
    { name, selector }: V1ParamRef,
): ApiObject[] {
    if (name) {
        const one = reader.get(resource, namespace, name);
        return one === undefined ? [] : [one];
    }
    if (selector === undefined) throw new Error('one of name or selector must be provided');
    const matcher = selectorOf(selector);
    return reader.list(resource, namespace).filter(({ metadata }) => matcher.matches(metadata.labels));
}
