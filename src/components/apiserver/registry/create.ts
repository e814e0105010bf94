import { randomUUID } from 'node:crypto';
import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import { deepClone } from '../../../api/meta/deep.ts';
import { generateName, validateObjectMeta } from '../../../api/meta/names.ts';
import type { ApiObject, V1ObjectMeta } from '../../../api/meta/object.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import type { TxnResult } from '../../../store/store.ts';
import { rfc3339 } from '../../../util/clock.ts';
import { prepareViews, toStorage } from '../conversion/versions.ts';
import type { ReservationGuard } from '../extensions.ts';
import type { ApiRequest, ApiResult } from '../request.ts';
import { StoredObject } from '../stored-object.ts';
import { Admission } from './admit.ts';
import { companionGuards } from './companions.ts';
import { durabilityOf } from './durability.ts';
import { checkNamespace } from './identity-check.ts';
import { keepReadable, managerOf, trackWrite } from './managed-fields.ts';
import { expectedTypeOf, readObject } from './read-body.ts';
import { hooksOf, keyOf, type Registry, subjectOf, type Target, versionFor } from './registry.ts';
import { Reservations } from './reservations.ts';
import { fromStoreError } from './store-errors.ts';
import { writeOptionsOf } from './write-options.ts';

/** How often another random suffix is tried when a generated name is taken. */
const generateNameAttemptsMax = 8;
/** How often a creation begins anew because another master has reserved something in between. */
const reservationAttemptsMax = 20;

/** POST to a collection. */
export async function create(registry: Registry, request: ApiRequest, target: Target): Promise<ApiResult> {
    const options = writeOptionsOf(request, 'CreateOptions');
    const object = await readObject(request, expectedTypeOf(target.definition), options.fieldValidation);
    checkNamespace(object, target);
    const stored = await createObject(registry, request, { target, object, dryRun: options.dryRun });
    return { type: 'object', status: 201, definition: target.definition, object: stored };
}

export interface Creation {
    target: Target;
    /** Belongs to the registry from now on. */
    object: ApiObject;
    dryRun: boolean;
    /** True: the object is what an apply made, managedFields included. */
    isApplied?: boolean;
}

/** Brings an object through admission, defaults and validation into the store. */
export async function createObject(
    registry: Registry,
    request: ApiRequest,
    { target, object, dryRun, isApplied = false }: Creation,
): Promise<StoredObject> {
    const named = { ...target, name: object.metadata?.name ?? '' };
    const warnings = request.warnings.length;
    // What is reserved for the object is written into it: an attempt that lost begins with a fresh one.
    const reserves = hooksOf(registry, target.definition).length > 0;
    for (let attempt = 0; attempt < reservationAttemptsMax; attempt++) {
        request.warnings.length = warnings;
        const draft = reserves ? deepClone(object) : object;
        const stored = await attemptCreate(registry, request, {
            target: named,
            object: draft,
            dryRun,
            isApplied,
        });
        if (stored !== undefined) return stored;
    }
    throw statusErrors.serverTimeout(subjectOf(named), 'create', 1);
}

/** Undefined when another master has reserved something meanwhile. */
async function attemptCreate(
    registry: Registry,
    request: ApiRequest,
    creation: Creation,
): Promise<StoredObject | undefined> {
    const reservations = new Reservations();
    try {
        await prepare(registry, request, { creation, reservations });
        return await store(registry, creation, reservations.guards);
    } catch (error) {
        throw fromStoreError(error);
    } finally {
        reservations.release();
    }
}

async function prepare(
    registry: Registry,
    request: ApiRequest,
    { creation, reservations }: { creation: Creation; reservations: Reservations },
): Promise<void> {
    const { target, object, dryRun } = creation;
    const { definition } = target;
    const now = rfc3339(registry.clock.nowMs());
    const { strategy } = definition;
    const fresh = freshMetadata(object, target, now);
    strategy.defaults?.(object);
    if (creation.isApplied !== true) {
        trackWrite(registry, target, { manager: managerOf(request), live: undefined, next: object });
    }
    const tracked = object.metadata?.managedFields;
    const admission = new Admission(registry, target, request, {
        operation: 'CREATE',
        object,
        oldObject: undefined,
        dryRun,
    });
    if (await admission.mutate()) {
        strategy.defaults?.(object);
        keepServerFields(object, fresh);
    }
    const metadata = (object.metadata ??= {});
    keepReadable(object, tracked);
    if (!metadata.name && metadata.generateName) metadata.name = generateName(metadata.generateName);
    strategy.prepareForCreate?.(object, { now, user: request.identity });
    if (strategy.dropsStatusOnCreate === true && 'status' in object) delete object.status;
    if (strategy.hasGeneration === true) metadata.generation = 1;
    await reservations.reserve(registry, target, object);
    validate(object, definition);
    admission.request.name = metadata.name ?? '';
    await admission.validate();
    request.warnings.push(...(strategy.warnings?.(object, undefined) ?? []));
}

/** Sets what only the server may set. */
function freshMetadata(object: ApiObject, { definition, namespace }: Target, now: string): V1ObjectMeta {
    const metadata = (object.metadata ??= {});
    if (metadata.resourceVersion && metadata.resourceVersion !== '0') {
        throw statusErrors.badRequest('resourceVersion should not be set on objects to be created');
    }
    delete metadata.resourceVersion;
    delete metadata.deletionTimestamp;
    delete metadata.deletionGracePeriodSeconds;
    delete metadata.selfLink;
    delete metadata.generation;
    if (definition.namespaced) metadata.namespace = namespace;
    else delete metadata.namespace;
    metadata.uid = randomUUID();
    metadata.creationTimestamp = now;
    return { ...metadata };
}

/** What only the server may set is not for admission to change either. */
function keepServerFields(object: ApiObject, { namespace, uid, creationTimestamp }: V1ObjectMeta): void {
    const metadata = (object.metadata ??= {});
    Object.assign(metadata, { uid, creationTimestamp });
    if (namespace === undefined) delete metadata.namespace;
    else metadata.namespace = namespace;
    delete metadata.resourceVersion;
    delete metadata.deletionTimestamp;
    delete metadata.deletionGracePeriodSeconds;
}

function validate(object: ApiObject, { group, kind, namespaced, strategy }: ResourceDefinition): void {
    const { metadata = {} } = object;
    const errors = validateObjectMeta(metadata, {
        namespaced,
        nameFormat: strategy.nameFormat,
        path: 'metadata',
    });
    errors.push(...(strategy.validate?.(object) ?? []));
    if (errors.length > 0) throw statusErrors.invalid(kind, group, metadata.name ?? '', errors);
}

async function store(
    registry: Registry,
    { target, object, dryRun }: Creation,
    guards: readonly ReservationGuard[],
): Promise<StoredObject | undefined> {
    const { definition } = target;
    const { metadata = {} } = object;
    const isGenerated = target.name === '' && Boolean(metadata.generateName);
    for (let attempt = 1; ; attempt++) {
        const named = { ...target, name: metadata.name ?? '' };
        const key = keyOf(named);
        const retriable = isGenerated && attempt < generateNameAttemptsMax;
        const draft = retriable || dryRun ? deepClone(object) : object;
        const stored = StoredObject.encode(key, await toStorage(draft, definition));
        const outcome = dryRun
            ? isTaken(target, key)
            : await put(registry, stored, { definition, object, guards });
        if (outcome === 'written') {
            await prepareViews([stored], definition);
            return versionFor(named, stored);
        }
        if (outcome === 'outbid') return undefined;
        if (!isGenerated) throw statusErrors.alreadyExists(subjectOf(named));
        if (!retriable) throw statusErrors.generateNameConflict(subjectOf(named));
        metadata.name = generateName(metadata.generateName ?? '');
    }
}

/** 'outbid': a guard does not hold, and this member has seen why. */
type PutOutcome = 'written' | 'exists' | 'outbid';

const isTaken = ({ cache }: Target, key: string): PutOutcome =>
    cache.objects.get(key) === undefined ? 'written' : 'exists';

async function put(
    registry: Registry,
    stored: StoredObject,
    options: { definition: ResourceDefinition; object: ApiObject; guards: readonly ReservationGuard[] },
): Promise<PutOutcome> {
    const { caches, eventLeases } = registry;
    const { definition, object } = options;
    const { key } = stored;
    const companions = await companionGuards(registry, definition, { object, old: undefined });
    const guards = [...options.guards, ...companions];
    const write = async (lease: number): Promise<TxnResult> =>
        await caches.store.txn({
            compares: [
                { key, target: 'modRevision', result: 'equal', value: 0 },
                ...guards.map(({ compare }) => compare),
            ],
            success: [
                { type: 'put', key, value: stored.bytes, decoded: stored, lease },
                ...guards.map(({ write }) => write),
            ],
            failure: guards.length === 0 ? [] : [{ type: 'range', key, countOnly: true }],
            durability: durabilityOf(definition, object, undefined),
        });
    const { succeeded, revision, responses } = await eventLeases.attach(definition, write);
    if (succeeded) {
        stored.commit(revision);
        // What was reserved is given free afterwards: the cache must know by then that it is taken.
        if (guards.length > 0) await caches.waitFor(revision);
        return 'written';
    }
    const [found] = responses;
    if (found?.type !== 'range' || found.count > 0) return 'exists';
    await caches.waitFor(revision);
    return 'outbid';
}
