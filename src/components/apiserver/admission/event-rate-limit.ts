import type { CoreV1Event } from '../../../api/meta/object.ts';
import { StatusError, statusErrors } from '../../../api/meta/status-error.ts';
import { BoundedMap } from '../../../util/bounded-map.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import type { PluginContext } from './context.ts';

const limitTypes = ['Server', 'Namespace', 'User', 'SourceAndObject'] as const;
const cacheSizeDefault = 4096;
const cacheSizeMax = 65_536;

/** So many events a second, and so many at once, for each key of the type. */
export interface EventLimit {
    type: (typeof limitTypes)[number];
    qps: number;
    burst: number;
    /** Keys that are remembered. */
    cacheSize: number;
}

/** Reads a Configuration of eventratelimit.admission.k8s.io. Throws an Error that says what is wrong. */
export function readEventLimits(value: unknown): readonly EventLimit[] {
    const { apiVersion, kind, limits } = (value ?? {}) as Record<string, unknown>;
    const expected = 'eventratelimit.admission.k8s.io/v1alpha1';
    if (kind !== 'Configuration' || apiVersion !== expected) {
        throw new Error(`EventRateLimit: expected a Configuration of ${expected}`);
    }
    if (!Array.isArray(limits) || limits.length === 0) {
        throw new Error('limits: Invalid value: []: must not be empty');
    }
    return limits.map((limit, index) =>
        readLimit((limit ?? {}) as Record<string, unknown>, `limits[${index}]`),
    );
}

function readLimit({ type, qps, burst, cacheSize = 0 }: Record<string, unknown>, path: string): EventLimit {
    const known = limitTypes.find((one) => one === type);
    if (known === undefined) {
        const supported = limitTypes.map((one) => `"${one}"`).join(', ');
        throw new Error(
            `${path}.type: Unsupported value: ${JSON.stringify(type ?? '')}: supported values: ${supported}`,
        );
    }
    if (!isCount(burst) || burst === 0) throw invalid(`${path}.burst`, burst, 'must be positive');
    if (!isCount(qps) || qps === 0) throw invalid(`${path}.qps`, qps, 'must be positive');
    if (!isCount(cacheSize)) throw invalid(`${path}.cacheSize`, cacheSize, 'must not be negative');
    return { type: known, qps, burst, cacheSize: Math.min(cacheSize || cacheSizeDefault, cacheSizeMax) };
}

function isCount(value: unknown): value is number {
    return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function invalid(path: string, value: unknown, why: string): Error {
    return new Error(`${path}: Invalid value: ${JSON.stringify(value ?? 0)}: ${why}`);
}

interface Bucket {
    tokens: number;
    filledAtMs: number;
}

/** Refuses events of the core group that come faster than the limits allow, with 429. */
export function eventRateLimit({ configuration, clock }: PluginContext): AdmissionPlugin {
    const limits = configuration.eventLimits;
    if (limits === undefined) {
        throw new Error(
            'admission plugin "EventRateLimit" needs its limits from --admission-control-config-file',
        );
    }
    const enforcers = limits.map((limit) => ({
        limit,
        buckets: new BoundedMap<string, Bucket>(limit.cacheSize),
    }));
    return {
        name: 'EventRateLimit',
        handles: ({ operation, kind }) =>
            (operation === 'CREATE' || operation === 'UPDATE') && kind.group === '' && kind.kind === 'Event',
        validate(request) {
            const nowMs = clock.monotonicMs();
            let refusal: StatusError | undefined;
            // Every limit counts the event, also one that another limit refuses.
            for (const { limit, buckets } of enforcers) {
                const key = keyOf(limit.type, request);
                const bucket = buckets.get(key) ?? { tokens: limit.burst, filledAtMs: nowMs };
                buckets.set(key, bucket);
                const earned = ((nowMs - bucket.filledAtMs) / 1000) * limit.qps;
                bucket.tokens = Math.min(limit.burst, bucket.tokens + earned);
                bucket.filledAtMs = nowMs;
                if (bucket.tokens >= 1) bucket.tokens -= 1;
                else refusal = tooMany(`limit reached on type ${limit.type} for key ${key}`);
            }
            if (refusal !== undefined) throw refusal;
        },
    };
}

/** Without a time to come back: the client is not to try again by itself. */
function tooMany(why: string): StatusError {
    const { details: _details, ...status } = statusErrors.tooManyRequests(
        `Too many requests: ${why}`,
        0,
    ).status;
    return new StatusError(status);
}

function keyOf(type: EventLimit['type'], { namespace, identity, object }: AdmissionRequest): string {
    switch (type) {
        case 'Server':
            return '';
        case 'Namespace':
            return namespace;
        case 'User':
            return identity.username;
        case 'SourceAndObject': {
            const { source, involvedObject } = object as Partial<CoreV1Event>;
            const { kind, namespace: home, name, uid, apiVersion } = involvedObject ?? {};
            return [source?.component, source?.host, kind, home, name, uid, apiVersion].join('');
        }
    }
}
