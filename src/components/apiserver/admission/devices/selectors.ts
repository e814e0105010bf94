import type { CelCompiler } from '../../../../api/cel/cel.ts';
import { deviceEnvironment } from '../../../../api/cel/environments/device.ts';
import { typeName } from '../../../../api/cel/types.ts';
import type { Incomplete } from '../../../../api/groups/incomplete.ts';
import { limits } from '../../../../api/groups/resource/limits.ts';
import { semanticEqual } from '../../../../api/meta/deep.ts';
import { type FieldError, fieldErrors } from '../../../../api/meta/field-error.ts';
import type {
    ApiObject,
    ResourceV1ResourceClaim,
    V1DeviceClaim,
    V1DeviceClass,
    V1DeviceSelector,
    V1ResourceClaimTemplate,
} from '../../../../api/meta/object.ts';
import type { AdmissionRequest } from '../../admission.ts';
import type { PluginContext } from '../context.ts';

interface Expression {
    field: string;
    expression: string;
}

/** Refuses selectors that do not compile, that give no bool, or that may cost too much. */
export async function checkSelectors(
    { expressions }: PluginContext,
    request: AdmissionRequest,
): Promise<FieldError[]> {
    const selectors = newSelectors(request);
    const [first] = selectors;
    if (first === undefined) return [];
    const compiler = await expressions?.();
    if (compiler === undefined) {
        return [fieldErrors.forbidden(first.field, 'expressions are not evaluated by this API server')];
    }
    return selectors.flatMap((selector) => checkSelector(compiler, selector));
}

function checkSelector(compiler: CelCompiler, { field, expression }: Expression): FieldError[] {
    const compiled = compiler.compile(expression, deviceEnvironment);
    if (compiled.type === 'invalid') return [fieldErrors.invalid(field, expression, compiled.message)];
    const { resultType, estimatedCost } = compiled.program;
    if (resultType.kind !== 'bool' && resultType.kind !== 'dyn') {
        const detail = `must evaluate to bool or the unknown type, not ${typeName(resultType)}`;
        return [fieldErrors.invalid(field, expression, detail)];
    }
    return estimatedCost !== undefined && estimatedCost > limits.selectorCostMax
        ? [fieldErrors.forbidden(field, 'too complex, exceeds cost limit')]
        : [];
}

/** What was accepted once stays; claims and templates never change theirs. */
function newSelectors({ definition, object, oldObject }: AdmissionRequest): Expression[] {
    if (object === undefined) return [];
    switch (definition.plural) {
        case 'deviceclasses': {
            const { selectors } = specOf<V1DeviceClass>(object);
            const isOld = oldObject && semanticEqual(selectors, specOf<V1DeviceClass>(oldObject).selectors);
            return isOld === true ? [] : expressionsOf(selectors, 'spec.selectors');
        }
        case 'resourceclaims':
            return oldObject ? [] : ofClaim(specOf<ResourceV1ResourceClaim>(object).devices, 'spec.devices');
        case 'resourceclaimtemplates': {
            const { spec } = specOf<V1ResourceClaimTemplate>(object);
            return oldObject ? [] : ofClaim(spec?.devices, 'spec.spec.devices');
        }
        default:
            return [];
    }
}

function specOf<T extends { spec: object }>(object: ApiObject): Partial<T['spec']> {
    return (object as Partial<T>).spec ?? {};
}

function ofClaim(claim: V1DeviceClaim | undefined, path: string): Expression[] {
    return (claim?.requests ?? []).flatMap(({ exactly, firstAvailable }, index) => {
        const requestPath = `${path}.requests[${index}]`;
        const subRequests = (firstAvailable ?? []).flatMap(({ selectors }, at) =>
            expressionsOf(selectors, `${requestPath}.firstAvailable[${at}].selectors`),
        );
        return [...expressionsOf(exactly?.selectors, `${requestPath}.exactly.selectors`), ...subRequests];
    });
}

function expressionsOf(
    selectors: readonly Incomplete<V1DeviceSelector>[] | undefined,
    path: string,
): Expression[] {
    return (selectors ?? []).flatMap(({ cel }, index) =>
        cel === undefined
            ? []
            : [{ field: `${path}[${index}].cel.expression`, expression: cel.expression ?? '' }],
    );
}
