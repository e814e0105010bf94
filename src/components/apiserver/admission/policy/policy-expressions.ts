import type { CelCompiler, CelEnvironment, CelType } from '../../../../api/cel/cel.ts';
import { admissionEnvironment } from '../../../../api/cel/environments/admission.ts';
import type {
    ApiObject,
    V1MutatingAdmissionPolicy,
    V1ValidatingAdmissionPolicy,
} from '../../../../api/meta/object.ts';

const dyn: CelType = { kind: 'dyn' };
const string: CelType = { kind: 'string' };
const bool: CelType = { kind: 'bool' };

/** One operation of a patch, as expressions construct it. */
const patchOperation: CelType = {
    kind: 'object',
    name: 'JSONPatch',
    fields: { op: string, path: string, from: string, value: dyn },
};

/** What the expressions of one policy may name, made once per version of the policy. */
export interface PolicyEnvironments {
    conditions: CelEnvironment;
    /** By the index of the variable: each may use those before it. */
    variables: readonly CelEnvironment[];
    validations: CelEnvironment;
    messages: CelEnvironment;
    auditAnnotations: CelEnvironment;
    /** Of what mutates: configurations to apply, and patches. */
    mutations: CelEnvironment;
}

export interface PolicyExpression {
    /** Path of the field, for errors. */
    field: string;
    expression: string;
    environment: CelEnvironment;
}

type Policy = V1ValidatingAdmissionPolicy | V1MutatingAdmissionPolicy;

/** The compiler tells of which types the variables are. */
export function environmentsOf({ spec }: Policy, compiler: CelCompiler): PolicyEnvironments {
    const hasParams = spec?.paramKind !== undefined;
    const variables: Record<string, CelType> = {};
    const variableEnvironments = (spec?.variables ?? []).map(({ name, expression }) => {
        const environment = admissionEnvironment({ hasParams, variables: { ...variables } });
        const compiled = compiler.compile(expression, environment);
        variables[name] = compiled.type === 'compiled' ? compiled.program.resultType : dyn;
        return environment;
    });
    return {
        conditions: admissionEnvironment({ hasParams, result: bool }),
        variables: variableEnvironments,
        validations: admissionEnvironment({ hasParams, variables, result: bool }),
        messages: admissionEnvironment({ hasParams, variables, hasAuthorizer: false, result: string }),
        auditAnnotations: admissionEnvironment({ hasParams, variables, result: [string, { kind: 'null' }] }),
        mutations: admissionEnvironment({
            hasParams,
            variables,
            constructible: (name) =>
                name === 'JSONPatch' ? patchOperation : /^Object(\.|$)/.test(name) ? dyn : undefined,
            libraries: ['jsonPatch'],
        }),
    };
}

/** Every expression of a policy with its place. */
export function policyExpressions(object: ApiObject, compiler: CelCompiler): PolicyExpression[] {
    const policy = object as Policy;
    const environments = environmentsOf(policy, compiler);
    const { matchConditions = [], variables = [] } = policy.spec ?? {};
    const { validations = [], auditAnnotations = [] } = (object as V1ValidatingAdmissionPolicy).spec ?? {};
    const { mutations = [] } = (object as V1MutatingAdmissionPolicy).spec ?? {};
    const all: PolicyExpression[] = [];
    const add = (field: string, expression: string | undefined, environment: CelEnvironment | undefined) => {
        if (expression && environment !== undefined)
            all.push({ field: `spec.${field}`, expression, environment });
    };
    matchConditions.forEach(({ expression }, index) => {
        add(`matchConditions[${index}].expression`, expression, environments.conditions);
    });
    variables.forEach(({ expression }, index) => {
        add(`variables[${index}].expression`, expression, environments.variables[index]);
    });
    validations.forEach(({ expression, messageExpression }, index) => {
        add(`validations[${index}].expression`, expression, environments.validations);
        add(`validations[${index}].messageExpression`, messageExpression, environments.messages);
    });
    auditAnnotations.forEach(({ valueExpression }, index) => {
        const field = `auditAnnotations[${index}].valueExpression`;
        add(field, valueExpression, environments.auditAnnotations);
    });
    mutations.forEach(({ applyConfiguration, jsonPatch }, index) => {
        const field = `mutations[${index}]`;
        add(`${field}.applyConfiguration.expression`, applyConfiguration?.expression, environments.mutations);
        add(`${field}.jsonPatch.expression`, jsonPatch?.expression, environments.mutations);
    });
    return all;
}
