import type { Stored, V1ResourceQuota } from '../../../../api/meta/object.ts';
import { isReason } from '../../../../api/meta/status-error.ts';
import { resourceQuotas } from '../../../../client/resource-type.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../admission.ts';
import type { PluginContext } from '../context.ts';
import { forbidden } from '../forbidden.ts';
import { plainError } from '../plain-error.ts';
import { evaluate } from './evaluate.ts';
import { uncovered } from './limited-resources.ts';

/** How often a charge is tried again after another writer changed the quota. */
const conflictRetriesMax = 3;

/** Charges writes to the namespace's quotas, and refuses what would exceed one. */
export function resourceQuota(context: PluginContext): AdmissionPlugin {
    const queues = new Map<string, Promise<void>>();
    return {
        name: 'ResourceQuota',
        handles: ({ operation, subresource, namespace, definition }) =>
            namespace !== '' &&
            !isIgnored(definition) &&
            (operation === 'CREATE'
                ? subresource === ''
                : operation === 'UPDATE' && countedOnUpdate.get(nameOf(definition)) === subresource),
        async validate(request) {
            const { namespace } = request;
            requireCover(context, request);
            if (context.reader.list(resourceQuotas, namespace).length === 0) return;
            // One at a time in a namespace: otherwise each write would find the other's charge a conflict.
            const charge = (queues.get(namespace) ?? Promise.resolve()).then(
                async () => await chargeAll(context, request),
            );
            const settled = charge.catch(() => undefined);
            queues.set(namespace, settled);
            void settled.then(() => {
                if (queues.get(namespace) === settled) queues.delete(namespace);
            });
            await charge;
        },
    };
}

/** Refuses what is limited and what no quota of the namespace covers. */
function requireCover({ configuration, reader }: PluginContext, request: AdmissionRequest): void {
    const { limitedResources } = configuration;
    const { definition, object, oldObject, operation, namespace } = request;
    if (limitedResources.length === 0 || object === undefined) return;
    const why = uncovered(limitedResources, reader.list<V1ResourceQuota>(resourceQuotas, namespace), {
        group: definition.group,
        resource: definition.plural,
        object,
        oldObject: operation === 'UPDATE' ? oldObject : undefined,
    });
    if (why === undefined) return;
    throw why.about === 'scopes' ? plainError(why.message) : forbidden(request, why.message);
}

/** Events come and go by themselves, and what only looks like an object is not kept. */
const uncounted: ReadonlySet<string> = new Set([
    'bindings',
    'events',
    'events.events.k8s.io',
    'localsubjectaccessreviews.authorization.k8s.io',
]);

/** What updates may change the usage of, and the subresource through which they do. */
const countedOnUpdate: ReadonlyMap<string, string> = new Map([
    ['pods', 'resize'],
    ['services', ''],
    ['persistentvolumeclaims', ''],
    ['resourceclaims.resource.k8s.io', ''],
]);

function nameOf({ group, plural }: AdmissionRequest['definition']): string {
    return group === '' ? plural : `${plural}.${group}`;
}

function isIgnored(definition: AdmissionRequest['definition']): boolean {
    return uncounted.has(nameOf(definition));
}

async function chargeAll(context: PluginContext, request: AdmissionRequest): Promise<void> {
    const quotas = context.reader.list<V1ResourceQuota>(resourceQuotas, request.namespace);
    for (const quota of quotas) requireRoom(request, quota);
    for (const quota of quotas) await charge(context, request, quota);
}

/** The quota's new status, undefined when the write is nothing to it. Throws when it refuses. */
function requireRoom(
    request: AdmissionRequest,
    quota: Stored<V1ResourceQuota>,
): Stored<V1ResourceQuota> | undefined {
    const { definition, object, oldObject, operation } = request;
    if (object === undefined) return undefined;
    const answer = evaluate(quota, {
        group: definition.group,
        resource: definition.plural,
        object,
        oldObject: operation === 'UPDATE' ? oldObject : undefined,
    });
    switch (answer.type) {
        case 'unaffected':
            return undefined;
        case 'refused':
            throw forbidden(request, answer.message);
        case 'charged':
            return { ...quota, status: { ...quota.status, used: answer.used } };
    }
}

async function charge(
    context: PluginContext,
    request: AdmissionRequest,
    cached: Stored<V1ResourceQuota>,
): Promise<void> {
    let quota = cached;
    for (let attempt = 0; ; attempt += 1) {
        const charged = requireRoom(request, quota);
        if (charged === undefined || request.dryRun) return;
        const client = context.client().resource(resourceQuotas);
        try {
            await client.updateStatus(charged);
            return;
        } catch (error) {
            if (isReason(error, 'NotFound')) return;
            if (!isReason(error, 'Conflict') || attempt >= conflictRetriesMax) throw error;
        }
        const { namespace, name } = cached.metadata;
        quota = await client.get({ namespace, name });
    }
}
