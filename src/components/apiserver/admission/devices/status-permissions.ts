import { deepEqual, semanticEqual } from '../../../../api/meta/deep.ts';
import { type FieldError, fieldErrors } from '../../../../api/meta/field-error.ts';
import { isDns1123Subdomain } from '../../../../api/meta/names.ts';
import type {
    ApiObject,
    ResourceV1ResourceClaim,
    V1AllocatedDeviceStatus,
    V1AllocationResult,
    V1ResourceClaimStatus,
} from '../../../../api/meta/object.ts';
import type { AdmissionRequest } from '../../admission.ts';
import type { ResourceAttributes } from '../../authorizer.ts';
import { forbiddenError } from '../../authz/forbidden.ts';
import type { Identity } from '../../identity.ts';
import type { PluginContext } from '../context.ts';

const nodeNameKey = 'authentication.kubernetes.io/node-name';
const serviceAccountPrefix = 'system:serviceaccount:';

/**
 * Beside the permission for the status as a whole: who binds a claim needs `resourceclaims/binding`, and who reports
 * on devices needs `resourceclaims/driver` for each driver whose devices they are.
 */
export async function checkStatusPermissions(
    context: PluginContext,
    request: AdmissionRequest,
): Promise<FieldError[]> {
    const next = statusOf(request.object);
    const old = statusOf(request.oldObject);
    return [
        ...(await checkBinding(context, request, { next, old })),
        ...(await checkDrivers(context, request, { next, old })),
    ];
}

interface Change {
    next: Partial<V1ResourceClaimStatus>;
    old: Partial<V1ResourceClaimStatus>;
}

function statusOf(object: ApiObject | undefined): Partial<V1ResourceClaimStatus> {
    return (object as Partial<ResourceV1ResourceClaim> | undefined)?.status ?? {};
}

async function checkBinding(
    context: PluginContext,
    request: AdmissionRequest,
    { next, old }: Change,
): Promise<FieldError[]> {
    const isSame =
        semanticEqual(next.allocation, old.allocation) && semanticEqual(next.reservedFor, old.reservedFor);
    if (isSame) return [];
    const verb = verbOf(request);
    const why = await refusal(context, request, { verb, subresource: 'binding', namespace: '', name: '' });
    if (why === undefined) return [];
    const needed = `resource="resourceclaims/binding", verb="${verb}" permission`;
    const detail = `changing status.allocation or status.reservedFor requires ${needed}: ${why}`;
    return [fieldErrors.forbidden('status', detail)];
}

async function checkDrivers(
    context: PluginContext,
    request: AdmissionRequest,
    { next, old }: Change,
): Promise<FieldError[]> {
    const verb = verbOf(request);
    const isOnNode = runsOn(request.identity, nodeOf(next.allocation));
    const verbs = [...(isOnNode ? [`associated-node:${verb}`] : []), `arbitrary-node:${verb}`];
    const errors: FieldError[] = [];
    for (const driver of changedDrivers({ next, old })) {
        const why = await driverRefusal(context, request, { driver, verbs });
        if (why === undefined) continue;
        const needed = `resource="resourceclaims/driver", verb="[${verbs.join(' ')}]" permission`;
        const detail = `changing status.devices requires ${needed}: ${why}`;
        errors.push(fieldErrors.forbidden('status.devices', detail));
    }
    return errors;
}

function verbOf({ verb = 'update' }: AdmissionRequest): string {
    return verb;
}

type Question = Pick<ResourceAttributes, 'verb' | 'subresource' | 'namespace' | 'name'>;

/** Why the writer may not; undefined where it may. */
async function refusal(
    { authorizer }: PluginContext,
    { identity, definition }: AdmissionRequest,
    question: Question,
): Promise<string | undefined> {
    if (authorizer === undefined) return undefined;
    const attributes: ResourceAttributes = {
        kind: 'resource',
        group: definition.group,
        version: definition.version,
        resource: definition.plural,
        ...question,
    };
    const decision = await authorizer.authorize(identity, attributes);
    if (decision.outcome === 'allow') return undefined;
    const reason = [decision.error ?? '', decision.reason].filter((part) => part !== '').join(': ');
    return forbiddenError(identity, attributes, { ...decision, reason }).message;
}

/** One of the verbs is enough; the first one's refusal is told. */
async function driverRefusal(
    context: PluginContext,
    request: AdmissionRequest,
    { driver, verbs }: { driver: string; verbs: readonly string[] },
): Promise<string | undefined> {
    let first: string | undefined;
    for (const verb of verbs) {
        const { namespace } = request;
        const question = { verb, subresource: 'driver', namespace, name: driver };
        const why = await refusal(context, request, question);
        if (why === undefined) return undefined;
        first ??= why;
    }
    return first;
}

interface DeviceName {
    driver: string;
    pool: string;
    device: string;
}

function nameOf({ driver, pool, device }: DeviceName): string {
    return JSON.stringify([driver, pool, device]);
}

/**
 * Drivers with a device whose entry came, went or changed, sorted. What went with its allocation is not a change of
 * the writer's: the strategy takes it away.
 */
function changedDrivers({ next, old }: Change): string[] {
    const key = (device: V1AllocatedDeviceStatus): string => `${nameOf(device)} ${device.shareID ?? ''}`;
    const kept = new Set((next.allocation?.devices?.results ?? []).map(nameOf));
    const results = (old.allocation?.devices?.results ?? []).map(nameOf);
    const gone = new Set(results.filter((name) => !kept.has(name)));
    const before = new Map(
        (old.devices ?? []).flatMap((device) => (gone.has(nameOf(device)) ? [] : [[key(device), device]])),
    );
    const drivers = new Set<string>();
    for (const device of next.devices ?? []) {
        const own = key(device);
        if (!deepEqual(before.get(own), device)) drivers.add(device.driver);
        before.delete(own);
    }
    for (const { driver } of before.values()) drivers.add(driver);
    return [...drivers].sort();
}

/** The one node that an allocation is for; undefined where it is for others too. */
function nodeOf(allocation: V1AllocationResult | undefined): string | undefined {
    const terms = allocation?.nodeSelector?.nodeSelectorTerms ?? [];
    const [term] = terms;
    if (terms.length !== 1 || (term?.matchExpressions ?? []).length > 0) return undefined;
    const fields = term?.matchFields ?? [];
    const [field] = fields;
    if (fields.length !== 1 || field?.key !== 'metadata.name' || field.operator !== 'In') return undefined;
    return field.values?.length === 1 ? field.values[0] : undefined;
}

/** A service account whose token is bound to a pod on the node. */
function runsOn({ username, extra }: Identity, node: string | undefined): boolean {
    if (node === undefined || node === '' || !username.startsWith(serviceAccountPrefix)) return false;
    const names = extra[nodeNameKey] ?? [];
    return names.length === 1 && names[0] === node && isDns1123Subdomain(node).length === 0;
}
