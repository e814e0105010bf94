import type { CelCompiler } from '../../../../api/cel/cel.ts';
import type {
    ApiObject,
    V1MutatingAdmissionPolicy,
    V1MutatingAdmissionPolicyBinding,
    V1ParamRef,
    V1ValidatingAdmissionPolicy,
    V1ValidatingAdmissionPolicyBinding,
} from '../../../../api/meta/object.ts';
import type { PluginContext } from '../context.ts';
import { Configured } from '../matching/configured.ts';
import { type ResourceMatcher, resourceMatcherOf } from './match-resources.ts';
import { environmentsOf, type PolicyEnvironments } from './policy-expressions.ts';

export type AnyPolicy = V1ValidatingAdmissionPolicy | V1MutatingAdmissionPolicy;
export type AnyBinding = V1ValidatingAdmissionPolicyBinding | V1MutatingAdmissionPolicyBinding;

export interface ParsedPolicy<P extends AnyPolicy> {
    name: string;
    spec: NonNullable<P['spec']>;
    matcher: ResourceMatcher;
    ignoresFailures: boolean;
    /** Made when first asked for: policies are parsed before the compiler is loaded. */
    environments(compiler: CelCompiler): PolicyEnvironments;
}

export interface ParsedBinding {
    name: string;
    policyName: string;
    paramRef: V1ParamRef | undefined;
    matcher: ResourceMatcher;
    /** Of validating policies: Deny, Warn, Audit. */
    actions: readonly string[];
}

/** A policy where it is bound. */
export interface BoundPolicy<P extends AnyPolicy> {
    policy: ParsedPolicy<P>;
    binding: ParsedBinding;
}

/** The policies of one kind and their bindings, in the order of their names. */
export class PolicySource<P extends AnyPolicy> {
    readonly #policies: Configured<P & ApiObject, ParsedPolicy<P>>;
    readonly #bindings: Configured<AnyBinding & ApiObject, ParsedBinding>;

    /** `prefix` of the plurals: "validatingadmissionpolic", "mutatingadmissionpolic". */
    constructor({ reader }: PluginContext, prefix: string) {
        const resource = (ending: string) => ({
            group: 'admissionregistration.k8s.io',
            version: 'v1',
            resource: prefix + ending,
        });
        this.#policies = new Configured(reader, resource('ies'), (object) => parsePolicy<P>(object));
        this.#bindings = new Configured(reader, resource('ybindings'), (object) => [parseBinding(object)]);
    }

    get isEmpty(): boolean {
        return this.#policies.all.length === 0 || this.#bindings.all.length === 0;
    }

    /** Policies in their order, each with its bindings in theirs. */
    get bound(): BoundPolicy<P>[] {
        return this.#policies.all.flatMap((policy) =>
            this.#bindings.all
                .filter(({ policyName }) => policyName === policy.name)
                .map((binding) => ({ policy, binding })),
        );
    }
}

function parsePolicy<P extends AnyPolicy>(object: P & ApiObject): ParsedPolicy<P>[] {
    const { metadata, spec } = object;
    if (spec === undefined) return [];
    let environments: PolicyEnvironments | undefined;
    return [
        {
            name: metadata?.name ?? '',
            spec,
            matcher: resourceMatcherOf(spec.matchConstraints),
            ignoresFailures: spec.failurePolicy === 'Ignore',
            environments: (compiler) => (environments ??= environmentsOf(object, compiler)),
        },
    ];
}

function parseBinding({ metadata, spec }: AnyBinding): ParsedBinding {
    return {
        name: metadata?.name ?? '',
        policyName: spec?.policyName ?? '',
        paramRef: spec?.paramRef,
        matcher: resourceMatcherOf(spec?.matchResources),
        actions: (spec as V1ValidatingAdmissionPolicyBinding['spec'] | undefined)?.validationActions ?? [],
    };
}
