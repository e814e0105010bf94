import type { CelCompiler, CelType } from '../../../api/cel/cel.ts';
import { admissionEnvironment } from '../../../api/cel/environments/admission.ts';
import type { V1ExpressionWarning, V1ValidatingAdmissionPolicy } from '../../../api/meta/object.ts';
import { type Kind, kindText } from './checked-kinds.ts';

/** A kind that a policy is checked against, with its type in expressions. */
export interface CheckedKind extends Kind {
    type: CelType;
}

/** What a policy's expressions are held against. */
export interface CheckedTypes {
    kinds: readonly CheckedKind[];
    /** Of the parameters, where the policy has some whose type is known. */
    params: CelType | undefined;
}

const dyn: CelType = { kind: 'dyn' };

/**
 * What the expressions of a policy do wrong with the kinds that it is for, in the words of upstream's type checking
 * (apiserver pkg/admission/plugin/policy/validating/typechecking.go). They are warnings: a policy works as it is.
 */
export function typeWarnings(
    { spec }: V1ValidatingAdmissionPolicy,
    types: CheckedTypes,
    compiler: CelCompiler,
): V1ExpressionWarning[] {
    const environments = types.kinds.map((kind) => ({
        kind,
        environment: environmentFor(spec, { object: kind.type, params: types.params }, compiler),
    }));
    const check = (fieldRef: string, expression: string | undefined): V1ExpressionWarning[] => {
        if (!expression) return [];
        const problems = environments.flatMap(({ kind, environment }) => {
            const compiled = compiler.compile(expression, environment);
            if (compiled.type === 'compiled') return [];
            return [`${kindText(kind)}: ${compiled.message.replace(/^compilation failed: /, '')}\n`];
        });
        return problems.length === 0 ? [] : [{ fieldRef, warning: problems.join('\n') }];
    };
    return (spec?.validations ?? []).flatMap(({ expression, messageExpression }, index) => [
        ...check(`spec.validations[${index}].expression`, expression),
        ...check(`spec.validations[${index}].messageExpression`, messageExpression),
    ]);
}

/** With the policy's own variables, each of which may use those before it. */
function environmentFor(
    spec: V1ValidatingAdmissionPolicy['spec'],
    { object, params }: { object: CelType; params: CelType | undefined },
    compiler: CelCompiler,
): ReturnType<typeof admissionEnvironment> {
    const variables: Record<string, CelType> = {};
    const make = () =>
        admissionEnvironment({
            object,
            ...(params === undefined ? {} : { hasParams: true, params }),
            variables: { ...variables },
        });
    for (const { name, expression } of spec?.variables ?? []) {
        const compiled = compiler.compile(expression, make());
        variables[name] = compiled.type === 'compiled' ? compiled.program.resultType : dyn;
    }
    return make();
}
