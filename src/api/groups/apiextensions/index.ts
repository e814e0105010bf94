import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1CustomResourceDefinition } from '../../meta/object.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import { immutable, isBlank, items, oneOf, required } from '../validation/basic.ts';
import type { Incomplete } from '../incomplete.ts';

function defaultDefinition({ spec }: Incomplete<V1CustomResourceDefinition>): void {
    if (spec === undefined) return;
    const { names } = spec;
    if (names?.kind !== undefined) {
        if (isBlank(names.singular)) names.singular = names.kind.toLowerCase();
        if (isBlank(names.listKind)) names.listKind = `${names.kind}List`;
    }
    spec.conversion ??= { strategy: 'None' };
}

function validateDefinition({ metadata, spec }: Incomplete<V1CustomResourceDefinition>): FieldError[] {
    const { group, names, scope, versions } = spec ?? {};
    const expected = `${names?.plural ?? ''}.${group ?? ''}`;
    const stored = items(versions).filter((version) => version.storage);
    return [
        ...(metadata?.name === expected
            ? []
            : [
                  fieldErrors.invalid(
                      'metadata.name',
                      metadata?.name,
                      `must be spec.names.plural+"."+spec.group`,
                  ),
              ]),
        ...required(group, 'spec.group'),
        ...oneOf(scope, 'spec.scope', ['Cluster', 'Namespaced']),
        ...required(names?.plural, 'spec.names.plural'),
        ...required(names?.kind, 'spec.names.kind'),
        ...(items(versions).length === 0
            ? [fieldErrors.required('spec.versions', 'must have at least one version')]
            : stored.length === 1
              ? []
              : [
                    fieldErrors.invalid(
                        'spec.versions',
                        items(versions).map(({ name }) => name),
                        'must have exactly one version marked as storage version',
                    ),
                ]),
    ];
}

const customResourceDefinitionStrategy: Strategy<Incomplete<V1CustomResourceDefinition>> = withStatus<
    Incomplete<V1CustomResourceDefinition>
>({
    hasGeneration: true,
    defaults: defaultDefinition,
    prepareForCreate(definition) {
        const stored = items(definition.spec?.versions).filter((version) => version.storage);
        definition.status = {
            conditions: [],
            acceptedNames: { kind: '', plural: '' },
            storedVersions: stored.map(({ name }) => name ?? ''),
        };
    },
    validate: validateDefinition,
    validateUpdate: (definition, old) => [
        ...validateDefinition(definition),
        ...immutable(definition.spec?.group, old.spec?.group, 'spec.group'),
        ...immutable(definition.spec?.names?.plural, old.spec?.names?.plural, 'spec.names.plural'),
        ...immutable(definition.spec?.scope, old.spec?.scope, 'spec.scope'),
    ],
});

export const apiExtensionsStrategies: Readonly<Record<string, Strategy>> = {
    customresourcedefinitions: customResourceDefinitionStrategy,
};
