import type { V1Pod } from '../../../api/meta/object.ts';
import { type ClientConfig, loadKubeconfig } from '../../../client/kubeconfig.ts';
import type { Clock } from '../../../util/clock.ts';
import { ExpiringMap } from '../../../util/expiring-map.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { KubeconfigWebhook, WebhookAnswerError } from '../webhook/kubeconfig-webhook.ts';
import type { PluginContext } from './context.ts';
import { forbidden } from './forbidden.ts';

/** Where images are reviewed, and how long its answers count. */
export interface ImagePolicy {
    backend: ClientConfig;
    allowTtlMs: number;
    denyTtlMs: number;
    /** Before the second attempt; each further one waits longer. */
    retryBackoffMs: number;
    /** What counts when the backend gives no answer. */
    defaultAllow: boolean;
}

const apiVersion = 'imagepolicy.k8s.io/v1alpha1';
const kind = 'ImageReview';
const auditPrefix = 'imagepolicywebhook.image-policy.k8s.io/';
/** Set on pods that nobody has reviewed. */
const failedOpenAnnotation = 'alpha.image-policy.k8s.io/failed-open';
/** Annotations of pods that the backend gets to see. */
const reviewedAnnotation = '.image-policy.k8s.io/';
const answersMax = 1024;
const attemptsMax = 5;
const delayFactor = 1.5;
const minuteMs = 60_000;

/** A setting in the file: 0 is the default, -1 turns it off. */
interface DurationRule {
    /** Milliseconds of one unit in the file. */
    unitMs: number;
    defaultMs: number;
    /** Settings must be longer than this. */
    minMs: number;
    maxMs: number;
}

const retryBackoff: DurationRule = { unitMs: 1, defaultMs: 500, minMs: 0.000_001, maxMs: 5 * minuteMs };
const allowTtl: DurationRule = {
    unitMs: 1000,
    defaultMs: 5 * minuteMs,
    minMs: 1000,
    maxMs: 30 * minuteMs,
};
const denyTtl: DurationRule = { ...allowTtl, defaultMs: 30_000 };

/** Reads the plugin's file (`imagePolicy: {…}`). Rejects with an Error that says what is wrong with it. */
export async function readImagePolicy(content: unknown): Promise<ImagePolicy> {
    const { imagePolicy } = (content ?? {}) as { imagePolicy?: unknown };
    const settings = (imagePolicy ?? {}) as Record<string, unknown>;
    const { kubeConfigFile, defaultAllow = false } = settings;
    if (typeof kubeConfigFile !== 'string' || kubeConfigFile === '')
        throw new Error('imagePolicy.kubeConfigFile: Required value');
    if (typeof defaultAllow !== 'boolean') throw new Error('imagePolicy.defaultAllow: must be true or false');
    return {
        retryBackoffMs: durationOf(settings, 'retryBackoff', retryBackoff),
        allowTtlMs: durationOf(settings, 'allowTTL', allowTtl),
        denyTtlMs: durationOf(settings, 'denyTTL', denyTtl),
        defaultAllow,
        backend: await loadKubeconfig(kubeConfigFile),
    };
}

function durationOf(settings: Readonly<Record<string, unknown>>, name: string, rule: DurationRule): number {
    const value = settings[name] ?? 0;
    if (!Number.isInteger(value)) throw new Error(`imagePolicy.${name}: must be a whole number`);
    if (value === -1) return 0;
    if (value === 0) return rule.defaultMs;
    const ms = Number(value) * rule.unitMs;
    if (ms > rule.minMs && ms <= rule.maxMs) return ms;
    throw new Error(
        `imagePolicy.${name}: valid value is between ${goDuration(rule.minMs)} and ${goDuration(rule.maxMs)}, got ${goDuration(ms)}`,
    );
}

/** "1ns", "500ms", "30s", "5m0s", as Go prints what a setting may be. */
function goDuration(ms: number): string {
    if (Math.abs(ms) < 0.001) return '1ns';
    if (Math.abs(ms) < 1000) return `${ms}ms`;
    const seconds = ms / 1000;
    if (Math.abs(seconds) < 60) return `${seconds}s`;
    const minutes = Math.trunc(seconds / 60);
    const rest = `${Math.abs(minutes % 60)}m${Math.abs(seconds % 60)}s`;
    return Math.abs(minutes) < 60
        ? `${minutes}m${Math.abs(seconds % 60)}s`
        : `${Math.trunc(minutes / 60)}h${rest}`;
}

interface ReviewStatus {
    allowed?: boolean;
    reason?: string;
    auditAnnotations?: Record<string, string>;
}

interface ReviewSpec {
    containers: { image: string }[];
    annotations?: Record<string, string>;
    namespace: string;
}

/** Has a backend say of each pod whether its images may run, by ImageReview. */
export function imagePolicyWebhook({ configuration, clock }: PluginContext): AdmissionPlugin {
    const policy = configuration.imagePolicy;
    if (policy === undefined) {
        throw new Error(
            'admission plugin "ImagePolicyWebhook" needs its backend from --admission-control-config-file',
        );
    }
    const client = new KubeconfigWebhook(policy.backend, { clock, attempts: 1 });
    const answers = new ExpiringMap<string, ReviewStatus>(answersMax, clock);
    const review = async (spec: ReviewSpec, signal: AbortSignal): Promise<ReviewStatus> => {
        const key = JSON.stringify(spec);
        const known = answers.get(key);
        if (known !== undefined) return known;
        const status = statusOf(
            await ask(
                client,
                { apiVersion, kind, metadata: {}, spec, status: {} },
                { policy, clock, signal },
            ),
        );
        answers.set(key, status, status.allowed === true ? policy.allowTtlMs : policy.denyTtlMs);
        return status;
    };
    return {
        name: 'ImagePolicyWebhook',
        handles: ({ operation, definition, subresource }) =>
            (operation === 'CREATE' || operation === 'UPDATE') &&
            definition.group === '' &&
            definition.plural === 'pods' &&
            (subresource === '' || subresource === 'ephemeralcontainers'),
        async validate(request) {
            let status: ReviewStatus;
            try {
                status = await review(specOf(request), request.signal);
            } catch (error) {
                if (!policy.defaultAllow)
                    throw forbidden(request, error instanceof Error ? error.message : String(error));
                failOpen(request);
                return;
            }
            for (const [key, value] of Object.entries(status.auditAnnotations ?? {}))
                request.annotate(auditPrefix + key, value);
            if (status.allowed === true) return;
            const why = status.reason
                ? `image policy webhook backend denied one or more images: ${status.reason}`
                : 'one or more images rejected by webhook backend';
            throw forbidden(request, why);
        },
    };
}

/** The backend's answer, asked for again while it cannot be reached or is busy. */
async function ask(
    client: KubeconfigWebhook,
    body: object,
    { policy, clock, signal }: { policy: ImagePolicy; clock: Clock; signal: AbortSignal },
): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
        try {
            return await client.post(body, { signal });
        } catch (error) {
            const mayRetry = !(error instanceof WebhookAnswerError) || error.isTemporary;
            if (!mayRetry || attempt >= attemptsMax || signal.aborted) throw error;
        }
        await new Promise<void>((resolve) => {
            clock.setTimer(policy.retryBackoffMs * delayFactor ** (attempt - 1), resolve);
        });
    }
}

function specOf({ object, namespace, subresource }: AdmissionRequest): ReviewSpec {
    const { spec, metadata } = (object ?? {}) as Partial<V1Pod>;
    const containers =
        subresource === ''
            ? [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
            : (spec?.ephemeralContainers ?? []);
    const annotations = Object.entries(metadata?.annotations ?? {}).filter(([key]) =>
        key.includes(reviewedAnnotation),
    );
    return {
        containers: containers.map(({ image = '' }) => ({ image })),
        ...(annotations.length === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
        namespace,
    };
}

function failOpen(request: AdmissionRequest): void {
    request.annotate(`${auditPrefix}failed-open`, 'true');
    const { object } = request;
    if (object === undefined) return;
    const metadata = (object.metadata ??= {});
    metadata.annotations = { ...metadata.annotations, [failedOpenAnnotation]: 'true' };
}

/** Throws for what is no review. */
function statusOf(answer: unknown): ReviewStatus {
    const review = (answer ?? {}) as { apiVersion?: unknown; kind?: unknown; status?: unknown };
    if (review.kind !== kind || review.apiVersion !== apiVersion)
        throw new Error(`the webhook's answer is no ${kind} of ${apiVersion}`);
    const { allowed, reason, auditAnnotations } = (review.status ?? {}) as Record<string, unknown>;
    return {
        allowed: allowed === true,
        ...(typeof reason === 'string' ? { reason } : {}),
        auditAnnotations: Object.fromEntries(
            Object.entries(auditAnnotations ?? {}).filter(([, value]) => typeof value === 'string'),
        ),
    };
}
