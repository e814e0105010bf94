import type { FieldMerge } from '../schema/merge-semantics.ts';
import { type FieldType, schema, type TypeSchema } from '../schema/schema.ts';
import {
    type FieldOfMap,
    type FieldSchema,
    listSchema,
    type ListSchema,
    type MapSchema,
    type ScalarSchema,
    untyped,
    untypedScalar,
} from './field-schema.ts';

const text: ScalarSchema = { kind: 'scalar', type: 'string' };
const numeric: ScalarSchema = { kind: 'scalar', type: 'numeric' };
const boolean: ScalarSchema = { kind: 'scalar', type: 'boolean' };

/** Keys of lists that may be left out, by type and field. */
const keyDefaults: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    V1ContainerPort: { protocol: 'TCP' },
    V1ServicePort: { protocol: 'TCP' },
};

/**
 * Fields that are structs, not pointers to them: an object always has them, so nobody owns their mere
 * presence. The three of every object are not named.
 */
const plainStructs: Readonly<Record<string, string>> = {
    V1PodTemplateSpec: 'metadata spec',
    V1PodTemplate: 'template',
    V1DeploymentSpec: 'template strategy',
    V1DaemonSetSpec: 'template updateStrategy',
    V1StatefulSetSpec: 'template updateStrategy',
    V1ReplicaSetSpec: 'template',
    V1JobSpec: 'template',
    V1CronJobSpec: 'jobTemplate',
    V1JobTemplateSpec: 'metadata spec',
    V1Container: 'resources',
    V1EphemeralContainer: 'resources',
    V1ContainerStatus: 'state lastState',
    V1PersistentVolumeClaimSpec: 'resources',
    V1PersistentVolumeClaimTemplate: 'metadata spec',
    V1ServiceStatus: 'loadBalancer',
    V1IngressStatus: 'loadBalancer',
    V1NodeStatus: 'daemonEndpoints nodeInfo',
    V1NodeDaemonEndpoints: 'kubeletEndpoint',
    CoreV1Event: 'involvedObject source',
    V1NetworkPolicySpec: 'podSelector',
    V1HorizontalPodAutoscalerSpec: 'scaleTargetRef',
    V2HorizontalPodAutoscalerSpec: 'scaleTargetRef',
    V1ResourceClaimSpec: 'devices',
    V1CustomResourceDefinitionSpec: 'names',
    V1CustomResourceDefinitionStatus: 'acceptedNames',
    V1FlowSchemaSpec: 'priorityLevelConfiguration',
    V1VolumeAttachmentSpec: 'source',
};
/** Lists that are written even when they are null. */
const plainLists: Readonly<Record<string, string>> = { V1PodSpec: 'containers' };
const everyObjectHas = new Set(['metadata', 'spec', 'status']);

const cache = new Map<string, MapSchema>();

/** The schema of a built-in type ("V1Deployment"), or undefined when there is no such type. */
export function builtinSchema(typeName: string): MapSchema | undefined {
    return schema().find(typeName) === undefined ? undefined : structSchema(typeName, undefined);
}

/** `mapType` is what the field says in which the struct stands; it outdoes the type's own. */
function structSchema(typeName: string, mapType: FieldMerge['mapType']): MapSchema {
    const key = `${typeName} ${mapType ?? ''}`;
    let struct = cache.get(key);
    if (struct === undefined) {
        struct = new StructSchema(schema().type(typeName), mapType);
        cache.set(key, struct);
    }
    return struct;
}

/** A struct of the API. Its fields are looked at when they are asked for. */
class StructSchema implements MapSchema {
    readonly kind = 'map';
    readonly atomic: boolean;
    readonly element = undefined;
    readonly present: readonly string[];
    readonly #type: TypeSchema;
    readonly #fields = new Map<string, FieldOfMap | undefined>();
    readonly #zeros: ReadonlyMap<string, 'struct' | 'null'>;

    constructor(type: TypeSchema, mapType: FieldMerge['mapType']) {
        this.#type = type;
        this.atomic = mapType === undefined ? type.atomic : mapType === 'atomic';
        this.#zeros = zerosOf(type);
        this.present = [...this.#zeros.keys()];
    }

    field(name: string): FieldOfMap | undefined {
        let field = this.#fields.get(name);
        if (field === undefined && this.#type.fields.has(name)) {
            field = this.#make(name);
            this.#fields.set(name, field);
        }
        return field;
    }

    #make(name: string): FieldOfMap | undefined {
        const field = this.#type.fields.get(name);
        return (
            field && {
                schema: fieldSchemaOf(field.type, field.merge),
                default: keyDefaults[this.#type.name]?.[name],
                zero: this.#zeros.get(name),
            }
        );
    }
}

function zerosOf({ name, gvks, fields }: TypeSchema): Map<string, 'struct' | 'null'> {
    const zeros = new Map<string, 'struct' | 'null'>();
    const named = (names: string | undefined): string[] => (names ?? '').split(' ').filter(Boolean);
    for (const field of named(plainStructs[name])) zeros.set(field, 'struct');
    for (const field of named(plainLists[name])) zeros.set(field, 'null');
    if (gvks.length > 0) {
        for (const [field, { type }] of fields) {
            if (everyObjectHas.has(field) && type.kind === 'ref') zeros.set(field, 'struct');
        }
    }
    return zeros;
}

function fieldSchemaOf(type: FieldType, merge: FieldMerge): FieldSchema {
    switch (type.kind) {
        case 'string':
        case 'bytes':
        case 'date-time':
        case 'micro-time':
            return text;
        case 'boolean':
            return boolean;
        case 'integer':
        case 'double':
            return numeric;
        case 'int-or-string':
        case 'quantity':
            return untypedScalar;
        case 'opaque':
            return untyped;
        case 'array':
            return arraySchema(fieldSchemaOf(type.items, {}), merge);
        case 'map':
            return {
                kind: 'map',
                atomic: merge.mapType === 'atomic',
                field: () => undefined,
                element: fieldSchemaOf(type.values, {}),
                present: [],
                omitEmpty: true,
            };
        case 'ref':
            return structSchema(type.type, merge.mapType);
    }
}

/** Where no list type is said, the one that strategic merge has says it. */
function arraySchema(items: FieldSchema, merge: FieldMerge): ListSchema {
    const { listType, listMapKeys, patchStrategy, patchMergeKey } = merge;
    if (listType !== undefined) return omitted(listSchema(items, listType, listMapKeys ?? []));
    if (patchStrategy?.includes('merge') !== true) return omitted(listSchema(items));
    return omitted(
        patchMergeKey === undefined ? listSchema(items, 'set') : listSchema(items, 'map', [patchMergeKey]),
    );
}

function omitted(list: ListSchema): ListSchema {
    return { ...list, omitEmpty: true };
}
