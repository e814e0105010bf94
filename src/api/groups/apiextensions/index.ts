import { isConditionTrue, setCondition } from '../../meta/conditions.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1CustomResourceDefinition } from '../../meta/object.ts';
import { column, nameColumn } from '../columns.ts';
import type { Incomplete } from '../incomplete.ts';
import type { Strategy } from '../resource.ts';
import { withStatus } from '../strategy.ts';
import { immutable, isBlank, items, oneOf } from '../validation/basic.ts';
import { validateConversion } from './conversion.ts';
import { validateApproval, validateGroup, validateNames } from './names.ts';
import { validateVersion } from './versions.ts';

type Definition = Incomplete<V1CustomResourceDefinition>;

/** Keeps a definition until its objects are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';
const webhookPortDefault = 443;

function defaultDefinition({ spec }: Definition): void {
    if (spec === undefined) return;
    const { names } = spec;
    if (names?.kind !== undefined) {
        if (isBlank(names.singular)) names.singular = names.kind.toLowerCase();
        if (isBlank(names.listKind)) names.listKind = `${names.kind}List`;
    }
    spec.conversion ??= { strategy: 'None' };
    const service = spec.conversion.webhook?.clientConfig?.service;
    if (service !== undefined) service.port ??= webhookPortDefault;
}

function validateDefinition(definition: Definition): FieldError[] {
    const { metadata, spec } = definition;
    const { group, names, scope, versions, preserveUnknownFields } = spec ?? {};
    const errors: FieldError[] = [];
    if (metadata?.name !== `${names?.plural ?? ''}.${group ?? ''}`)
        errors.push(
            fieldErrors.invalid('metadata.name', metadata?.name, `must be spec.names.plural+"."+spec.group`),
        );
    errors.push(...validateGroup(group), ...oneOf(scope, 'spec.scope', ['Cluster', 'Namespaced']));
    if (preserveUnknownFields === true)
        errors.push(
            fieldErrors.invalid(
                'spec.preserveUnknownFields',
                true,
                'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
            ),
        );
    return [
        ...errors,
        ...validateVersions(items(versions)),
        ...validateNames(names, 'spec.names'),
        ...validateConversion(spec?.conversion),
        ...validateStoredVersions(definition),
    ];
}

function validateVersions(
    versions: readonly NonNullable<NonNullable<Definition['spec']>['versions']>[number][],
): FieldError[] {
    const path = 'spec.versions';
    const names = versions.map(({ name }) => name ?? '');
    if (versions.length === 0) return [fieldErrors.required(path, 'must have at least one version')];
    const errors: FieldError[] = [];
    if (new Set(names).size !== names.length)
        errors.push(fieldErrors.invalid(path, names, 'must contain unique version names'));
    if (versions.filter(({ storage }) => storage).length !== 1)
        errors.push(
            fieldErrors.invalid(path, names, 'must have exactly one version marked as storage version'),
        );
    return [
        ...errors,
        ...versions.flatMap((version, index) => validateVersion(version, `${path}[${index}]`)),
    ];
}

function validateStoredVersions({ spec, status }: Definition): FieldError[] {
    const known = new Set(items(spec?.versions).map(({ name }) => name));
    return items(status?.storedVersions).flatMap((stored, index) =>
        known.has(stored)
            ? []
            : [
                  fieldErrors.invalid(
                      `status.storedVersions[${index}]`,
                      stored,
                      `missing from spec.versions; ${stored} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${stored} and removes ${stored} from status.storedVersions`,
                  ),
              ],
    );
}

function validateStatus(definition: Definition): FieldError[] {
    const stored = items(definition.status?.storedVersions);
    const storage = items(definition.spec?.versions).find((version) => version.storage)?.name ?? '';
    return [
        ...validateStoredVersions(definition),
        ...(stored.includes(storage)
            ? []
            : [
                  fieldErrors.invalid(
                      'status.storedVersions',
                      stored,
                      `must have the storage version ${storage}`,
                  ),
              ]),
    ];
}

function storageVersionOf({ spec }: Definition): string | undefined {
    return items(spec?.versions).find((version) => version.storage)?.name;
}

const customResourceDefinitionStrategy: Strategy<Definition> = withStatus<Definition>({
    hasGeneration: true,
    allowUnconditionalUpdate: false,
    columns: [
        nameColumn,
        column('Created At', (object) => object.metadata?.creationTimestamp ?? '', { type: 'date' }),
    ],
    defaults: defaultDefinition,
    prepareForCreate(definition) {
        const storage = storageVersionOf(definition);
        definition.status = {
            conditions: [],
            acceptedNames: { kind: '', plural: '' },
            storedVersions: storage === undefined ? [] : [storage],
        };
    },
    prepareForUpdate(definition, _old, { subresource }) {
        const storage = storageVersionOf(definition);
        if (subresource !== undefined || storage === undefined || definition.status === undefined) return;
        const stored = items(definition.status.storedVersions);
        if (!stored.includes(storage))
            definition.status = { ...definition.status, storedVersions: [...stored, storage] };
    },
    prepareForDelete(definition, { now }) {
        const metadata = (definition.metadata ??= {});
        const finalizers = items(metadata.finalizers);
        if (!finalizers.includes(cleanupFinalizer)) metadata.finalizers = [...finalizers, cleanupFinalizer];
        const condition = {
            type: 'Terminating',
            status: 'True',
            reason: 'InstanceDeletionPending',
            message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
        };
        const conditions = (definition.status?.conditions ?? []) as (typeof condition)[];
        definition.status = {
            ...definition.status,
            conditions: setCondition(conditions, condition, now),
        };
    },
    validate: (definition) => [...validateDefinition(definition), ...validateApproval(definition)],
    validateUpdate(definition, old) {
        const isEstablished = isConditionTrue(
            (old.status?.conditions ?? []) as { type: string; status: string }[],
            'Established',
        );
        return [
            ...validateDefinition(definition),
            ...validateApproval(definition).filter(() => validateApproval(old).length === 0),
            ...(isEstablished
                ? [
                      ...immutable(definition.spec?.scope, old.spec?.scope, 'spec.scope'),
                      ...immutable(definition.spec?.names?.kind, old.spec?.names?.kind, 'spec.names.kind'),
                  ]
                : []),
            ...immutable(definition.spec?.group, old.spec?.group, 'spec.group'),
            ...immutable(definition.spec?.names?.plural, old.spec?.names?.plural, 'spec.names.plural'),
        ];
    },
    validateStatusUpdate: validateStatus,
});

export const apiExtensionsStrategies: Readonly<Record<string, Strategy>> = {
    customresourcedefinitions: customResourceDefinitionStrategy,
};
