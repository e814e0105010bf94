import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import { deepClone } from '../../../api/meta/deep.ts';
import type { ApiObject, V1Status } from '../../../api/meta/object.ts';
import { StatusError, statusErrors } from '../../../api/meta/status-error.ts';
import { type Clock, rfc3339Micro } from '../../../util/clock.ts';
import { durationText } from '../../../util/duration-text.ts';
import { objectForAudit, patchForAudit, statusForAudit } from '../audit/bodies.ts';
import type { Auditor } from '../audit/auditor.ts';
import {
    type AuditEvent,
    completeObjectRef,
    eventOf,
    userInfoOf,
    withoutManagedFields,
} from '../audit/event.ts';
import type { AuditDecision, AuditStage } from '../audit/policy.ts';
import type { Identity } from '../identity.ts';
import { isLongRunning, type LongRunningCheck } from '../long-running.ts';
import { fromStoreError } from '../registry/store-errors.ts';
import {
    annotate,
    type ApiRequest,
    type ApiResult,
    type Middleware,
    type RequestBody,
    type WatchResult,
} from '../request.ts';
import type { ResourceRequestInfo } from '../request-info.ts';
import { followWatch } from './follow-watch.ts';

export interface AuditOptions {
    auditor: Auditor;
    clock: Clock;
    longRunning: LongRunningCheck;
    definitionOf(info: ResourceRequestInfo): ResourceDefinition | undefined;
}

/** Requests that take longer say where the time went. */
const slowMs = 500;
const latencyPrefix = 'apiserver.latency.k8s.io/';

const nobody: Identity = { username: '', uid: '', groups: [], extra: {} };

/** Writes what the policy asks for of each request. Stands after authentication, before impersonation. */
export function audit(options: AuditOptions): Middleware {
    const { auditor } = options;
    return async (request, next) => {
        const decision = auditor.policy.decide(request.identity, request.info);
        auditor.levels[decision.level]++;
        if (decision.level === 'None') return await next();
        const record = new AuditRecord(request, decision, options);
        if (!(await record.emit('RequestReceived'))) {
            auditor.rejected++;
            throw statusErrors.internal(new Error('failed to store audit event'));
        }
        let result: ApiResult;
        try {
            result = await next();
        } catch (error) {
            await record.fail(error);
            throw error;
        }
        return await record.finish(result);
    };
}

/** Requests whose credentials were refused never reach the audit step: they are written here. */
export function auditFailedAuthentication(options: AuditOptions): Middleware {
    const { auditor } = options;
    return async (request, next) => {
        try {
            return await next();
        } catch (error) {
            // Nothing behind authentication answers 401.
            if (error instanceof StatusError && error.code === 401) {
                const decision = auditor.policy.decide(nobody, request.info);
                auditor.levels[decision.level]++;
                if (decision.level !== 'None') {
                    await new AuditRecord(request, decision, { ...options, identity: nobody }).refuse();
                }
            }
            throw error;
        }
    };
}

class AuditRecord {
    readonly #request: ApiRequest;
    readonly #decision: AuditDecision;
    readonly #options: AuditOptions;
    readonly #identity: Identity;
    readonly #event: AuditEvent;
    readonly #receivedMs: number;
    #body: Promise<RequestBody> | undefined;
    #requestObject: unknown;

    constructor(
        request: ApiRequest,
        decision: AuditDecision,
        options: AuditOptions & { identity?: Identity },
    ) {
        const { identity = request.identity } = options;
        this.#request = request;
        this.#decision = decision;
        this.#options = options;
        this.#identity = identity;
        const receivedMs = (this.#receivedMs = options.clock.nowMs());
        this.#event = eventOf(request, { identity, level: decision.level, receivedMs });
        request.layersMs = new Map();
        request.onObject = (object) => {
            this.#noteObject(object);
        };
        // A patch is no object: it is shown as it was sent.
        if (decision.level !== 'Metadata' && request.info.verb === 'patch') this.#followBody();
    }

    /** Resolves to false where the request must not go on. */
    async emit(stage: AuditStage, more: Partial<AuditEvent> = {}): Promise<boolean> {
        const { auditor, clock } = this.#options;
        if (this.#decision.omitStages.has(stage)) return true;
        const { identity, auditAnnotations, impersonationConstraint } = this.#request;
        if (stage === 'ResponseComplete') this.#noteLatency();
        return await auditor.emit({
            ...this.#event,
            stage,
            ...(stage === 'RequestReceived'
                ? {}
                : {
                      stageTimestamp: rfc3339Micro(clock.nowMs()),
                      ...(identity === this.#identity || this.#identity.username === ''
                          ? {}
                          : { impersonatedUser: userInfoOf(identity) }),
                      ...(impersonationConstraint === undefined
                          ? {}
                          : { authenticationMetadata: { impersonationConstraint } }),
                      ...more,
                  }),
            ...(auditAnnotations.size === 0 ? {} : { annotations: Object.fromEntries(auditAnnotations) }),
        });
    }

    async finish(result: ApiResult): Promise<ApiResult> {
        if (result.type === 'watch') return await this.#follow(result);
        if (isLongRunning(this.#request, this.#options.longRunning)) {
            await this.emit('ResponseStarted', { responseStatus: statusForAudit(result) });
        }
        await this.emit('ResponseComplete', {
            responseStatus: statusForAudit(result),
            ...(await this.#objects(objectForAudit(result))),
        });
        return result;
    }

    async fail(thrown: unknown): Promise<void> {
        const error = fromStoreError(thrown);
        if (error instanceof StatusError) {
            await this.emit('ResponseComplete', {
                responseStatus: failure(error.status),
                ...(await this.#objects(error.status)),
            });
            return;
        }
        const text = thrown instanceof Error ? thrown.message : String(thrown);
        const message = `APIServer panic'd: ${text}`;
        await this.emit('Panic', {
            responseStatus: { metadata: {}, status: 'Failure', message, reason: 'InternalError', code: 500 },
            ...(await this.#objects(undefined)),
        });
    }

    /** Who asked is not known: as upstream, no event says more than that the credentials were not good. */
    async refuse(): Promise<void> {
        await this.emit('ResponseStarted', {
            responseStatus: {
                metadata: {},
                status: 'Failure',
                message: 'Authentication failed, no credentials provided',
                reason: 'Unauthorized',
                code: 401,
            },
        });
    }

    async #follow(result: WatchResult): Promise<WatchResult> {
        const responseStatus: V1Status = { metadata: {}, code: 200 };
        await this.emit('ResponseStarted', { responseStatus });
        return followWatch(result, () => () => {
            void this.emit('ResponseComplete', { responseStatus });
        });
    }

    /** The object as the server understands it: decoded and with defaults, before anybody changes it. */
    #noteObject(object: ApiObject): void {
        completeObjectRef(this.#event, object);
        if (this.#decision.level === 'Metadata') return;
        const { info } = this.#request;
        const noted = deepClone(object);
        const definition = info.kind === 'resource' ? this.#options.definitionOf(info) : undefined;
        if (definition?.kind === noted.kind) definition?.strategy.defaults?.(noted);
        this.#requestObject = noted;
    }

    #noteLatency(): void {
        const totalMs = this.#options.clock.nowMs() - this.#receivedMs;
        if (totalMs <= slowMs) return;
        for (const [layer, ms] of this.#request.layersMs ?? []) {
            annotate(this.#request, latencyPrefix + layer, durationText(ms));
        }
        annotate(this.#request, `${latencyPrefix}total`, durationText(totalMs));
    }

    /** Notes the body where a handler reads it: one that nobody read is not read for the log either. */
    #followBody(): void {
        const read = this.#request.body.bind(this.#request);
        this.#request.body = () => (this.#body ??= read());
    }

    async #objects(response: unknown): Promise<Partial<AuditEvent>> {
        const { level, omitManagedFields } = this.#decision;
        if (level === 'Metadata') return {};
        const requestObject =
            this.#body === undefined ? this.#requestObject : await patchForAudit(this.#body);
        const shown = (value: unknown): unknown => (omitManagedFields ? withoutManagedFields(value) : value);
        return {
            ...(requestObject === undefined ? {} : { requestObject: shown(requestObject) }),
            ...(level !== 'RequestResponse' || response === undefined
                ? {}
                : { responseObject: shown(response) }),
        };
    }
}

function failure({ status, message, reason, details, code }: V1Status): V1Status {
    return { metadata: {}, status, message, reason, details, code };
}
