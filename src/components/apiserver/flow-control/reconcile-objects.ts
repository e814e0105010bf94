import {
    type FlowControlObjects,
    mandatoryFlowControl,
    suggestedFlowControl,
} from '../../../api/groups/flowcontrol/bootstrap.ts';
import { semanticEqual } from '../../../api/meta/deep.ts';
import type { ApiObject, Stored } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { Client } from '../../../client/client.ts';
import type { ResourceType } from '../../../client/resource-type.ts';
import { flowSchemas, priorityLevels } from './resources.ts';

/** "true" on what the server keeps at its own idea of the object, "false" where an administrator took over. */
export const autoUpdateAnnotation = 'apf.kubernetes.io/autoupdate-spec';

interface Spec {
    type?: unknown;
    exempt?: unknown;
}

interface WithSpec extends ApiObject {
    spec?: Spec | undefined;
}

/**
 * Creates the mandatory and suggested objects that are missing, brings those back that nobody took over,
 * removes such as are no longer suggested, and writes nothing when nothing differs.
 */
export async function reconcileFlowControlObjects(client: Client): Promise<void> {
    await reconcileKind(client, priorityLevels, kindOf('priorityLevels'));
    await reconcileKind(client, flowSchemas as ResourceType<ApiObject>, kindOf('flowSchemas'));
}

interface Wanted {
    mandatory: readonly WithSpec[];
    suggested: readonly WithSpec[];
}

function kindOf(kind: keyof FlowControlObjects): Wanted {
    return {
        mandatory: mandatoryFlowControl[kind] as readonly WithSpec[],
        suggested: suggestedFlowControl[kind] as readonly WithSpec[],
    };
}

async function reconcileKind(
    client: Client,
    type: ResourceType<WithSpec>,
    { mandatory, suggested }: Wanted,
): Promise<void> {
    const resource = client.resource(type);
    const { items } = await resource.list();
    const found = new Map(items.map((item) => [item.metadata.name, item]));
    const wanted = [...mandatory, ...suggested];
    for (const object of wanted) {
        const existing = found.get(object.metadata?.name ?? '');
        const isMandatory = mandatory.includes(object);
        if (existing === undefined) {
            const annotations = { [autoUpdateAnnotation]: 'true' };
            await tolerate(
                'AlreadyExists',
                resource.create({ ...object, metadata: { ...object.metadata, annotations } }),
            );
            continue;
        }
        const updated = reconciled(existing, object, isMandatory);
        if (updated !== undefined) await tolerate('Conflict', resource.update(updated));
    }
    const names = new Set(wanted.map(({ metadata }) => metadata?.name));
    for (const { metadata } of items) {
        if (names.has(metadata.name) || metadata.annotations?.[autoUpdateAnnotation] !== 'true') continue;
        const { uid, resourceVersion } = metadata;
        const preconditions = {
            ...(uid === undefined ? {} : { uid }),
            ...(resourceVersion === undefined ? {} : { resourceVersion }),
        };
        await tolerate('NotFound', resource.delete({ name: metadata.name }, { preconditions }));
    }
}

/** What the existing object should be; undefined when it is that already. */
function reconciled(
    existing: Stored<WithSpec>,
    wanted: WithSpec,
    isMandatory: boolean,
): WithSpec | undefined {
    const annotation = existing.metadata.annotations?.[autoUpdateAnnotation];
    const isOurs =
        isMandatory ||
        (annotation === 'true' || annotation === 'false'
            ? annotation === 'true'
            : existing.metadata.generation === 1);
    const value = String(isOurs);
    const spec = isOurs ? specOf(existing, wanted) : existing.spec;
    if (annotation === value && semanticEqual(spec, existing.spec)) return undefined;
    const annotations = { ...existing.metadata.annotations, [autoUpdateAnnotation]: value };
    return { ...existing, metadata: { ...existing.metadata, annotations }, spec };
}

/** Shares and lending of the exempt level are an administrator's to choose. */
function specOf(existing: WithSpec, wanted: WithSpec): WithSpec['spec'] {
    const chosen = existing.spec?.type === 'Exempt' ? existing.spec.exempt : undefined;
    return wanted.spec?.type === 'Exempt' && chosen !== undefined
        ? { ...wanted.spec, exempt: chosen }
        : wanted.spec;
}

/** Another master was quicker. */
async function tolerate(
    reason: 'AlreadyExists' | 'Conflict' | 'NotFound',
    write: Promise<unknown>,
): Promise<void> {
    try {
        await write;
    } catch (error) {
        if (!isReason(error, reason)) throw error;
    }
}
