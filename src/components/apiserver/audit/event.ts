import type { ApiObject, V1Status } from '../../../api/meta/object.ts';
import { rfc3339Micro } from '../../../util/clock.ts';
import type { Identity } from '../identity.ts';
import { type ApiRequest, headerOf } from '../request.ts';
import type { ResourceRequestInfo } from '../request-info.ts';
import type { AuditLevel, AuditStage } from './policy.ts';

/** One line of the audit log (audit.k8s.io/v1, Event). */
export interface AuditEvent {
    kind: 'Event';
    apiVersion: 'audit.k8s.io/v1';
    level: AuditLevel;
    auditID: string;
    stage: AuditStage;
    requestURI: string;
    verb: string;
    user: UserInfo;
    impersonatedUser?: UserInfo;
    authenticationMetadata?: { impersonationConstraint: string };
    sourceIPs?: string[];
    userAgent?: string;
    objectRef?: Record<string, string>;
    responseStatus?: V1Status;
    requestObject?: unknown;
    responseObject?: unknown;
    requestReceivedTimestamp: string;
    stageTimestamp: string;
    annotations?: Record<string, string>;
}

interface UserInfo {
    username?: string;
    uid?: string;
    groups?: readonly string[];
    extra?: Identity['extra'];
}

const userAgentCharsMax = 1024;
const truncated = '...TRUNCATED';
const uriCharsMax = 16 * 1024;
const forwardedIpsMax = 32;

export function userInfoOf({ username, uid, groups, extra }: Identity): UserInfo {
    return {
        ...(username === '' ? {} : { username }),
        ...(uid === '' ? {} : { uid }),
        ...(groups.length === 0 ? {} : { groups }),
        ...(Object.keys(extra).length === 0 ? {} : { extra }),
    };
}

/** What an event says of the request itself, the same in every stage. */
export function eventOf(
    request: ApiRequest,
    { identity, level, receivedMs }: { identity: Identity; level: AuditLevel; receivedMs: number },
): AuditEvent {
    const { info, query, path, auditId } = request;
    const text = query.toString();
    const userAgent = headerOf(request, 'user-agent');
    const sourceIPs = sourceIpsOf(request);
    const received = rfc3339Micro(receivedMs);
    return {
        kind: 'Event',
        apiVersion: 'audit.k8s.io/v1',
        level,
        auditID: auditId,
        stage: 'RequestReceived',
        requestURI: (text === '' ? encodeURI(path) : `${encodeURI(path)}?${text}`).slice(0, uriCharsMax),
        verb: info.verb,
        user: userInfoOf(identity),
        ...(sourceIPs.length === 0 ? {} : { sourceIPs }),
        ...(userAgent === undefined ? {} : { userAgent: truncate(userAgent) }),
        ...(info.kind === 'resource' ? { objectRef: objectRefOf(info) } : {}),
        requestReceivedTimestamp: received,
        stageTimestamp: received,
    };
}

/** What a body says of its object, where the request's path does not: a name that is not chosen yet stays out. */
export function completeObjectRef(event: AuditEvent, { metadata }: ApiObject): void {
    if (metadata === undefined) return;
    const { namespace, name, uid, resourceVersion } = metadata;
    const ref = (event.objectRef ??= {});
    for (const [field, value] of Object.entries({ namespace, name, uid, resourceVersion })) {
        if (value) ref[field] ||= value;
    }
}

function objectRefOf(info: ResourceRequestInfo): Record<string, string> {
    const { resource, namespace, name, group, version, subresource } = info;
    const fields = { resource, namespace, name, apiGroup: group, apiVersion: version, subresource };
    return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}

/** Proxies' addresses first, as they say themselves; the last one is who connected. */
function sourceIpsOf(request: ApiRequest): string[] {
    if (request.origin.type !== 'http') return [];
    const forwarded = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
    const named = [...forwarded.slice(0, forwardedIpsMax), headerOf(request, 'x-real-ip') ?? ''];
    const ips: string[] = [];
    for (const text of [...named, request.origin.remoteAddress]) {
        const ip = text.trim().replace(/^::ffff:(?=\d+\.)/, '');
        if (/^[0-9a-fA-F:.]{2,45}$/.test(ip) && !ips.includes(ip)) ips.push(ip);
    }
    return ips;
}

function truncate(userAgent: string): string {
    return userAgent.length > userAgentCharsMax
        ? userAgent.slice(0, userAgentCharsMax) + truncated
        : userAgent;
}

/** A copy without `metadata.managedFields`, of the object and, for a list, of its items. */
export function withoutManagedFields(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const { metadata, items } = value as { metadata?: unknown; items?: unknown };
    const copy: Record<string, unknown> = { ...(value as Record<string, unknown>) };
    if (typeof metadata === 'object' && metadata !== null && 'managedFields' in metadata) {
        const { managedFields: _managedFields, ...rest } = metadata;
        copy['metadata'] = rest;
    }
    if (Array.isArray(items)) copy['items'] = items.map(withoutManagedFields);
    return copy;
}
