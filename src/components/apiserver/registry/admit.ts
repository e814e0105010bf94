import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import type { ApiObject } from '../../../api/meta/object.ts';
import type { ApiRequest } from '../request.ts';
import type { Registry, Target } from './registry.ts';

export interface AdmissionInput {
    operation: AdmissionRequest['operation'];
    object: ApiObject | undefined;
    oldObject: ApiObject | undefined;
    dryRun: boolean;
}

/** The admission plugins that have a say in one write, with the write as they see it. */
export class Admission {
    readonly #plugins: readonly AdmissionPlugin[];
    readonly request: AdmissionRequest;

    constructor(registry: Registry, target: Target, request: ApiRequest, input: AdmissionInput) {
        this.request = {
            ...input,
            definition: target.definition,
            subresource: target.subresource,
            namespace: target.namespace,
            name: target.name,
            identity: request.identity,
            warn: (message) => {
                request.warnings.push(message);
            },
        };
        this.#plugins = registry.admission.filter((plugin) => plugin.handles(this.request));
    }

    /** True when a plugin may have changed the object. */
    async mutate(): Promise<boolean> {
        let ran = false;
        for (const plugin of this.#plugins) {
            if (plugin.mutate === undefined) continue;
            ran = true;
            await plugin.mutate(this.request);
        }
        return ran;
    }

    async validate(): Promise<void> {
        for (const plugin of this.#plugins) await plugin.validate?.(this.request);
    }
}
