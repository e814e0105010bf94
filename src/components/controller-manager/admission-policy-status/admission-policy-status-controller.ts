import type { CelType } from '../../../api/cel/cel.ts';
import {
    parseApiVersion,
    type V1ExpressionWarning,
    type V1ValidatingAdmissionPolicy,
} from '../../../api/meta/object.ts';
import { Controller, done, type Outcome } from '../../../client/controller.ts';
import type { Informer } from '../../../client/informer.ts';
import { validatingAdmissionPolicies } from '../../../client/resource-type.ts';
import type { ControllerContext, ControllerDefinition, RunnableController } from '../controller-context.ts';
import { checkedKinds } from './checked-kinds.ts';
import { KindTypes } from './kind-types.ts';
import { type CheckedKind, typeWarnings } from './type-checker.ts';

const apiVersion = 'admissionregistration.k8s.io/v1';
const name = 'validatingadmissionpolicy-status-controller';

/** Checks the expressions of validating policies against the kinds that they are for, and says so in their status. */
class AdmissionPolicyStatusController implements RunnableController {
    readonly #context: ControllerContext;
    readonly #policies: Informer<V1ValidatingAdmissionPolicy>;
    readonly #controller: Controller;

    constructor(context: ControllerContext) {
        this.#context = context;
        this.#policies = context.informers.informer(validatingAdmissionPolicies);
        this.#controller = new Controller({
            name,
            logger: context.logger,
            clock: context.clock,
            reconcile: async (policy) => await this.#reconcile(policy),
        });
        const enqueue = ({ metadata }: V1ValidatingAdmissionPolicy): void => {
            this.#controller.enqueue(metadata?.name ?? '');
        };
        this.#policies.addHandler({ added: enqueue, updated: (policy) => enqueue(policy) });
    }

    start(): void {
        this.#controller.start();
    }

    async stop(): Promise<void> {
        await this.#controller.stop();
    }

    async #reconcile(key: string): Promise<Outcome> {
        const policy = this.#policies.lister.get(key);
        const { generation = 0 } = policy?.metadata ?? {};
        if (policy === undefined || generation <= (policy.status?.observedGeneration ?? 0)) return done;
        const expressionWarnings = await this.#warnings(policy);
        const typeChecking = expressionWarnings.length === 0 ? {} : { expressionWarnings };
        await this.#context.client.request({
            method: 'PATCH',
            path: `/apis/${apiVersion}/validatingadmissionpolicies/${key}/status?fieldManager=${name}&force=true`,
            contentType: 'application/apply-patch+yaml',
            body: {
                apiVersion,
                kind: 'ValidatingAdmissionPolicy',
                metadata: { name: key },
                status: { observedGeneration: generation, typeChecking },
            },
        });
        return done;
    }

    /** The compiler is loaded, and made, for policies that have something to be checked. */
    async #warnings(policy: V1ValidatingAdmissionPolicy): Promise<V1ExpressionWarning[]> {
        const types = new KindTypes(this.#context.client);
        const kinds: CheckedKind[] = [];
        for (const kind of await checkedKinds(policy, async (resource) => await types.kindOf(resource))) {
            const type = await types.typeOf(kind);
            if (type !== undefined) kinds.push({ ...kind, type });
        }
        if (kinds.length === 0 || (policy.spec?.validations ?? []).length === 0) return [];
        const params = await paramsType(policy, types);
        const { createCelCompiler } = await import('../../../api/cel/compiler.ts');
        return typeWarnings(policy, { kinds, params }, createCelCompiler());
    }
}

async function paramsType(
    { spec }: V1ValidatingAdmissionPolicy,
    types: KindTypes,
): Promise<CelType | undefined> {
    const { apiVersion = '', kind = '' } = spec?.paramKind ?? {};
    const version = parseApiVersion(apiVersion);
    return version && (await types.typeOf({ ...version, kind }));
}

export const admissionPolicyStatusController: ControllerDefinition = {
    name,
    serviceAccount: name,
    create: (context) => new AdmissionPolicyStatusController(context),
};
