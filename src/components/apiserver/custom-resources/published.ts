import { apiVersionOf, type V1CustomResourceDefinition } from '../../../api/meta/object.ts';
import type {
    CustomResource,
    CustomResourceGroupVersion,
} from '../../../api/schema/openapi/custom-resources.ts';
import type { JsonSchema } from '../../../api/schema/openapi/published-types.ts';

/** What OpenAPI documents say of the definitions that are served, by group version. */
export function publishedGroupVersions(
    served: readonly { name: string; signature: string }[],
    definitionOf: (name: string) => V1CustomResourceDefinition | undefined,
): { groupVersion: CustomResourceGroupVersion; signature: string }[] {
    const found = new Map<string, { group: string; version: string; names: string[]; signature: string }>();
    for (const { name, signature } of served) {
        const { spec } = definitionOf(name) ?? {};
        for (const version of spec?.versions ?? []) {
            if (spec === undefined || !version.served) continue;
            const key = apiVersionOf({ group: spec.group, version: version.name });
            const entry = found.get(key) ?? {
                group: spec.group,
                version: version.name,
                names: [],
                signature: '',
            };
            entry.names.push(name);
            entry.signature += `${name}:${signature};`;
            found.set(key, entry);
        }
    }
    return [...found.values()].map(({ group, version, names, signature }) => ({
        signature,
        groupVersion: {
            group,
            version,
            get resources() {
                return names.sort().flatMap((name) => resourceOf(definitionOf(name), version));
            },
        },
    }));
}

function resourceOf(definition: V1CustomResourceDefinition | undefined, name: string): CustomResource[] {
    const version = definition?.spec.versions.find((one) => one.name === name);
    if (definition === undefined || version === undefined) return [];
    const { plural, kind, listKind } = definition.status?.acceptedNames ?? definition.spec.names;
    return [
        {
            plural,
            kind,
            listKind: listKind ?? `${kind}List`,
            namespaced: definition.spec.scope === 'Namespaced',
            schema: version.schema?.openAPIV3Schema as JsonSchema | undefined,
            subresources: (['status', 'scale'] as const).filter(
                (one) => version.subresources?.[one] !== undefined,
            ),
        },
    ];
}
