import { StatusError } from '../../../api/meta/status-error.ts';
import type { V1Status } from '../../../api/meta/object.ts';
import { type Clock, rfc3339Micro } from '../../../util/clock.ts';
import { bodyForAudit, objectForAudit, statusForAudit } from '../audit/bodies.ts';
import type { Auditor } from '../audit/auditor.ts';
import { type AuditEvent, eventOf, userInfoOf, withoutManagedFields } from '../audit/event.ts';
import type { AuditDecision, AuditStage } from '../audit/policy.ts';
import type { Identity } from '../identity.ts';
import { isLongRunning, type LongRunningCheck } from '../long-running.ts';
import { fromStoreError } from '../registry/store-errors.ts';
import type { ApiRequest, ApiResult, Middleware, RequestBody, WatchResult } from '../request.ts';
import type { ResourceRequestInfo } from '../request-info.ts';
import { followWatch } from './follow-watch.ts';

export interface AuditOptions {
    auditor: Auditor;
    clock: Clock;
    longRunning: LongRunningCheck;
    /** Name of the body's type in the schema, to read protobuf. */
    typeOf(info: ResourceRequestInfo): string | undefined;
}

const nobody: Identity = { username: '', uid: '', groups: [], extra: {} };

/** Writes what the policy asks for of each request. Stands after authentication, before impersonation. */
export function audit(options: AuditOptions): Middleware {
    const { auditor } = options;
    return async (request, next) => {
        const decision = auditor.policy.decide(request.identity, request.info);
        auditor.levels[decision.level]++;
        if (decision.level === 'None') return await next();
        const record = new AuditRecord(request, decision, options);
        record.emit('RequestReceived');
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
                    new AuditRecord(request, decision, { ...options, identity: nobody }).refuse();
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
    #body: Promise<RequestBody> | undefined;

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
        const receivedMs = options.clock.nowMs();
        this.#event = eventOf(request, { identity, level: decision.level, receivedMs });
        if (decision.level !== 'Metadata') this.#followBody();
    }

    emit(stage: AuditStage, more: Partial<AuditEvent> = {}): void {
        const { auditor, clock } = this.#options;
        if (this.#decision.omitStages.has(stage)) return;
        const { identity, auditAnnotations } = this.#request;
        auditor.emit({
            ...this.#event,
            stage,
            ...(stage === 'RequestReceived'
                ? {}
                : {
                      stageTimestamp: rfc3339Micro(clock.nowMs()),
                      ...(identity === this.#identity || this.#identity.username === ''
                          ? {}
                          : { impersonatedUser: userInfoOf(identity) }),
                      ...more,
                  }),
            ...(auditAnnotations.size === 0 ? {} : { annotations: Object.fromEntries(auditAnnotations) }),
        });
    }

    async finish(result: ApiResult): Promise<ApiResult> {
        if (result.type === 'watch') return this.#follow(result);
        if (isLongRunning(this.#request, this.#options.longRunning)) {
            this.emit('ResponseStarted', { responseStatus: statusForAudit(result) });
        }
        this.emit('ResponseComplete', {
            responseStatus: statusForAudit(result),
            ...(await this.#objects(objectForAudit(result))),
        });
        return result;
    }

    async fail(thrown: unknown): Promise<void> {
        const error = fromStoreError(thrown);
        if (error instanceof StatusError) {
            this.emit('ResponseComplete', {
                responseStatus: failure(error.status),
                ...(await this.#objects(error.status)),
            });
            return;
        }
        const text = thrown instanceof Error ? thrown.message : String(thrown);
        const message = `APIServer panic'd: ${text}`;
        this.emit('Panic', {
            responseStatus: { metadata: {}, status: 'Failure', message, reason: 'InternalError', code: 500 },
            ...(await this.#objects(undefined)),
        });
    }

    /** Who asked is not known: as upstream, no event says more than that the credentials were not good. */
    refuse(): void {
        this.emit('ResponseStarted', {
            responseStatus: {
                metadata: {},
                status: 'Failure',
                message: 'Authentication failed, no credentials provided',
                reason: 'Unauthorized',
                code: 401,
            },
        });
    }

    #follow(result: WatchResult): WatchResult {
        const responseStatus: V1Status = { metadata: {}, code: 200 };
        this.emit('ResponseStarted', { responseStatus });
        return followWatch(result, () => () => {
            this.emit('ResponseComplete', { responseStatus });
        });
    }

    /** Notes the body where a handler reads it: one that nobody read is not read for the log either. */
    #followBody(): void {
        const read = this.#request.body.bind(this.#request);
        this.#request.body = () => (this.#body ??= read());
    }

    async #objects(response: unknown): Promise<Partial<AuditEvent>> {
        const { level, omitManagedFields } = this.#decision;
        if (level === 'Metadata') return {};
        const { info } = this.#request;
        const type = info.kind === 'resource' ? this.#options.typeOf(info) : undefined;
        const requestObject = this.#body === undefined ? undefined : await bodyForAudit(this.#body, type);
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
