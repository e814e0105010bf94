import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import type { V1ComponentStatus } from '../../../api/meta/object.ts';
import { matchesFields, parseFieldSelector, parseLabelSelector } from '../../../api/meta/selectors.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import { plainError } from '../admission/plain-error.ts';
import type { ResourceHandler } from '../extensions.ts';
import type { ApiRequest, ApiResult } from '../request.ts';
import type { ResourceRequestInfo } from '../request-info.ts';
import { StoredObject } from '../stored-object.ts';
import type { ComponentChecks } from './component-checks.ts';
import type { CheckOutcome } from './http-check.ts';

/** ComponentStatus (v1, deprecated): nothing of it is stored, every read asks the components. */
export function componentStatusHandler(
    checks: ComponentChecks,
    definitionOf: () => ResourceDefinition | undefined,
): ResourceHandler {
    return {
        group: '',
        resource: 'componentstatuses',
        subresource: '',
        verbs: ['get', 'list'],
        handle: async (request, info) => {
            const definition = definitionOf();
            if (definition === undefined) throw statusErrors.pathNotFound();
            return info.verb === 'get'
                ? await getOne(checks, request, { info, definition })
                : await listAll(checks, request, definition);
        },
    };
}

async function getOne(
    checks: ComponentChecks,
    request: ApiRequest,
    { info: { name }, definition }: { info: ResourceRequestInfo; definition: ResourceDefinition },
): Promise<ApiResult> {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (check === undefined) throw plainError(`Component not found: ${name}`);
    const object = encode(statusOf(name, await check(request.signal)));
    return { type: 'object', status: 200, definition, object };
}

async function listAll(
    checks: ComponentChecks,
    { query, signal }: ApiRequest,
    definition: ResourceDefinition,
): Promise<ApiResult> {
    const labels = readable(() => parseLabelSelector(query.get('labelSelector') ?? ''));
    const fields = readable(() => parseFieldSelector(query.get('fieldSelector') ?? ''));
    const wanted = Object.entries(checks).filter(
        ([name]) =>
            labels.matches({}) && matchesFields(fields, { 'metadata.name': name, 'metadata.namespace': '' }),
    );
    const items = await Promise.all(
        wanted.map(async ([name, check]) => encode(statusOf(name, await check(signal)))),
    );
    return { type: 'list', definition, items, resourceVersion: '' };
}

function readable<T>(parse: () => T): T {
    try {
        return parse();
    } catch (error) {
        throw statusErrors.badRequest(error instanceof Error ? error.message : String(error));
    }
}

function statusOf(name: string, outcome: CheckOutcome): V1ComponentStatus {
    const { health, message } = outcome;
    const error = health === 'unhealthy' ? (outcome.error ?? '') : '';
    return {
        kind: 'ComponentStatus',
        apiVersion: 'v1',
        metadata: { name },
        conditions: [
            {
                type: 'Healthy',
                status: health === 'healthy' ? 'True' : 'False',
                ...(message === '' ? {} : { message }),
                ...(error === '' ? {} : { error }),
            },
        ],
    };
}

const encode = (status: V1ComponentStatus): StoredObject => StoredObject.encode('', status);
