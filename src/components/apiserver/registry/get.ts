import type { ApiRequest, ApiResult } from '../request.ts';
import { parseResourceVersion } from '../resource-version.ts';
import { cached, type Registry, type Target } from './registry.ts';

/** GET of one object, linearizable unless a resourceVersion allows an older answer. */
export async function get(registry: Registry, request: ApiRequest, target: Target): Promise<ApiResult> {
    const resourceVersion = request.query.get('resourceVersion') ?? '';
    if (resourceVersion === '') await registry.caches.fresh();
    else await registry.caches.waitFor(parseResourceVersion(resourceVersion));
    const object = await cached(target);
    return { type: 'object', status: 200, definition: target.definition, object };
}
