import type { ApiRequest } from './request.ts';
import type { ResourceRequestInfo } from './request-info.ts';

/** True for resources whose handler says so (log, exec, proxy). */
export type LongRunningCheck = (info: ResourceRequestInfo) => boolean;

/** Requests that last as long as their client likes: exempt from timeouts and bounds of short ones. */
export function isLongRunning({ info }: Pick<ApiRequest, 'info'>, check: LongRunningCheck): boolean {
    return info.kind === 'resource' && (info.verb === 'watch' || info.verb === 'proxy' || check(info));
}
