import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import type { ApiObject, Stored } from '../../../api/meta/object.ts';
import {
    type FieldRequirement,
    type LabelMatcher,
    matchesFields,
    parseFieldSelector,
    parseLabelSelector,
} from '../../../api/meta/selectors.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import { keyOfText } from '../../../store/store.ts';
import { unreadableInList } from '../encryption/unreadable.ts';
import type { StoredObject } from '../stored-object.ts';
import { type Target, versionFor } from './registry.ts';

const metadataFields = ['metadata.name', 'metadata.namespace'];

/** Which objects of a collection a request is about: namespace, label selector and field selector. */
export class Selection {
    readonly target: Target;
    /** Of the keys in the store and in the cache. */
    readonly keyPrefix: string;
    readonly #labels: LabelMatcher;
    readonly #fields: readonly FieldRequirement[];

    constructor(target: Target, query: URLSearchParams) {
        this.target = target;
        this.#labels = readSelector(query.get('labelSelector') ?? '', parseLabelSelector);
        const fields = readSelector(query.get('fieldSelector') ?? '', parseFieldSelector);
        checkFields(target.definition, fields);
        this.#fields = target.name === '' ? fields : onlyNamed(target.name, fields);
        this.keyPrefix = prefixOf(target, this.#fields);
    }

    /** True when the namespace alone decides. */
    get isWhole(): boolean {
        return this.#labels.isEmpty && this.#fields.length === 0;
    }

    /** `stored` is in the storage version, as caches hold it. */
    matches(stored: StoredObject): boolean {
        if (this.isWhole) return true;
        const view = versionFor(this.target, stored);
        if (!this.#labels.isEmpty && !this.#labels.matches(view.labels)) return false;
        return this.#fields.length === 0 || matchesFields(this.#fields, this.#fieldsOf(view));
    }

    /** Throws a 500 when the collection has something that cannot be decrypted, unless another name is asked for. */
    checkReadable(): void {
        const { unreadable } = this.target.cache;
        if (unreadable.size === 0) return;
        const named = this.#fields.find(
            ({ field, operator }) => field === 'metadata.name' && operator === '=',
        );
        for (const [key, reason] of unreadable) {
            const isMeant = named === undefined || key.endsWith(`/${keyOfText(named.value)}`);
            if (isMeant && key.startsWith(this.keyPrefix)) throw unreadableInList(key, reason);
        }
    }

    #fieldsOf(view: StoredObject): Record<string, string> {
        const { definition } = this.target;
        return view.fields((object) => fieldsOf(definition, object));
    }
}

/** One object's key where a name is asked for: thousands of watches of an object each are told of theirs alone. */
function prefixOf({ cache, namespace }: Target, fields: readonly FieldRequirement[]): string {
    const isOne = namespace !== '' || !cache.definition.namespaced;
    const named = fields.find(({ field, operator }) => field === 'metadata.name' && operator === '=');
    return isOne && named !== undefined ? cache.keyOf(namespace, named.value) : cache.prefixOf(namespace);
}

/** A collection whose path names one object (/api/v1/watch/…/pods/a) is that object, whatever its selector says. */
function onlyNamed(name: string, fields: readonly FieldRequirement[]): FieldRequirement[] {
    const isSame = ({ field, operator, value }: FieldRequirement): boolean =>
        field === 'metadata.name' && operator === '=' && value === name;
    if (fields.length > 0 && !fields.some(isSame)) {
        throw statusErrors.badRequest("fieldSelector metadata.name doesn't match requested name");
    }
    return [...fields, { field: 'metadata.name', operator: '=', value: name }];
}

function fieldsOf({ strategy }: ResourceDefinition, object: Stored<ApiObject>): Record<string, string> {
    return {
        'metadata.name': object.metadata.name,
        'metadata.namespace': object.metadata.namespace ?? '',
        ...strategy.selectableFields?.(object),
    };
}

function readSelector<T>(text: string, parse: (text: string) => T): T {
    try {
        return parse(text);
    } catch (error) {
        throw statusErrors.badRequest(error instanceof Error ? error.message : String(error), {
            cause: error,
        });
    }
}

function checkFields(definition: ResourceDefinition, requirements: readonly FieldRequirement[]): void {
    if (requirements.length === 0) return;
    const special = Object.keys(definition.strategy.selectableFields?.({ metadata: {} }) ?? {});
    for (const { field } of requirements) {
        if (metadataFields.includes(field) || special.includes(field)) continue;
        throw statusErrors.badRequest(
            special.length > 0 || definition.decode !== undefined
                ? `field label not supported: ${field}`
                : `${JSON.stringify(field)} is not a known field selector: only ${metadataFields.map((name) => JSON.stringify(name)).join(', ')}`,
        );
    }
}
