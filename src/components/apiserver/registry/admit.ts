import type { ApiObject, GroupVersionKind } from '../../../api/meta/object.ts';
import { parseApiVersion } from '../../../api/meta/object.ts';
import { deepClone } from '../../../api/meta/deep.ts';
import { type AdmissionPlugin, type AdmissionRequest, newReinvocation } from '../admission.ts';
import type { AdmissionStep, ChainMetrics } from '../metrics/chain-metrics.ts';
import { annotate, type ApiRequest, took } from '../request.ts';
import { decodeAs, type ExpectedType, expectedTypeOf } from './read-body.ts';
import type { Registry, Target } from './registry.ts';

export interface AdmissionInput {
    operation: AdmissionRequest['operation'];
    object: ApiObject | undefined;
    oldObject: ApiObject | undefined;
    dryRun: boolean;
    /** Where the body is of another type than the resource. */
    body?: ExpectedType;
    /** DeleteOptions; those of the other operations are read from the query. */
    options?: object;
}

/** What a write is about; admission needs no cache of it. */
export type AdmissionTarget = Omit<Target, 'cache'>;

/** Begins the admission of what a handler of its own has read: a question or a connection, which is not stored. */
export type AdmitBody = (input: { object: ApiObject; dryRun: boolean; body: ExpectedType }) => Admission;

/** The admission plugins that have a say in one write, with the write as they see it. */
export class Admission {
    readonly #plugins: readonly AdmissionPlugin[];
    readonly #metrics: ChainMetrics | undefined;
    readonly #sender: ApiRequest;
    readonly request: AdmissionRequest;

    constructor(
        registry: Pick<Registry, 'admission' | 'metrics'>,
        target: AdmissionTarget,
        request: ApiRequest,
        input: AdmissionInput,
    ) {
        this.request = admissionRequestOf(target, request, input);
        this.#metrics = registry.metrics;
        this.#sender = request;
        this.#plugins = registry.admission.filter((plugin) => plugin.handles(this.request));
    }

    /** True when a plugin may have changed the object. */
    async mutate(): Promise<boolean> {
        return await this.#measured('admit', undefined, async () => {
            const { reinvocation } = this.request;
            const ran = await this.#pass();
            if (reinvocation.isWanted) {
                reinvocation.isReinvoke = true;
                await this.#pass();
            }
            return ran;
        });
    }

    async #pass(): Promise<boolean> {
        let ran = false;
        for (const plugin of this.#plugins) {
            if (plugin.mutate === undefined) continue;
            ran = true;
            await this.#measured('admit', plugin.name, () => plugin.mutate?.(this.request));
        }
        return ran;
    }

    async validate(): Promise<void> {
        await this.#measured('validate', undefined, async () => {
            for (const plugin of this.#plugins) {
                if (plugin.validate === undefined) continue;
                await this.#measured('validate', plugin.name, () => plugin.validate?.(this.request));
            }
        });
    }

    /** `plugin` undefined: the step as a whole. */
    async #measured<T>(
        step: AdmissionStep,
        plugin: string | undefined,
        run: () => T | Promise<T>,
    ): Promise<T> {
        const startMs = performance.now();
        let rejected = true;
        try {
            const result = await run();
            rejected = false;
            return result;
        } finally {
            const ms = performance.now() - startMs;
            if (plugin?.endsWith('AdmissionWebhook') === true) {
                this.#sender.waitedMs = (this.#sender.waitedMs ?? 0) + ms;
                took(this.#sender, step === 'admit' ? 'mutating-webhook' : 'validating-webhook', ms);
            }
            this.#metrics?.admitted(step, {
                ...(plugin === undefined ? {} : { plugin }),
                operation: this.request.operation,
                rejected,
                seconds: ms / 1000,
            });
        }
    }
}

function admissionRequestOf(
    target: AdmissionTarget,
    request: ApiRequest,
    input: AdmissionInput,
): AdmissionRequest {
    const { definition } = target;
    const { operation, object, oldObject, dryRun } = input;
    const expected = input.body ?? expectedTypeOf(definition);
    return {
        operation,
        verb: request.info.verb,
        object,
        oldObject,
        dryRun,
        definition,
        kind: kindOf(expected),
        subresource: target.subresource,
        namespace: target.namespace,
        name: target.name,
        pathName: request.info.kind === 'resource' ? request.info.name : '',
        options: input.options ?? optionsOf(operation, request.query),
        identity: request.identity,
        get signal() {
            return request.signal;
        },
        reinvocation: newReinvocation(),
        warn: (message) => {
            request.warnings.push(message);
        },
        annotate: (key, value) => {
            annotate(request, key, value);
        },
        replaceObject: (value) => {
            if (object === undefined) throw new TypeError('a deletion has no object to replace');
            const decoded = decodeAs(deepClone(value), expected).object;
            if (input.body === undefined) definition.strategy.defaults?.(decoded);
            for (const key of Object.keys(object)) Reflect.deleteProperty(object, key);
            Object.assign(object, decoded);
        },
    };
}

function kindOf({ apiVersion, kind }: ExpectedType): GroupVersionKind {
    const { group = '', version = apiVersion } = parseApiVersion(apiVersion) ?? {};
    return { group, version, kind };
}

/** The options as upstream hands them on: a patch is an update there. */
function optionsOf(operation: AdmissionRequest['operation'], query: URLSearchParams): object | undefined {
    if (operation !== 'CREATE' && operation !== 'UPDATE') return undefined;
    const dryRun = query.getAll('dryRun').filter((value) => value !== '');
    const fieldManager = query.get('fieldManager') ?? '';
    const fieldValidation = query.get('fieldValidation') ?? '';
    return {
        kind: operation === 'CREATE' ? 'CreateOptions' : 'UpdateOptions',
        apiVersion: 'meta.k8s.io/v1',
        ...(dryRun.length === 0 ? {} : { dryRun }),
        ...(fieldManager === '' ? {} : { fieldManager }),
        ...(fieldValidation === '' ? {} : { fieldValidation }),
    };
}
