import type { CelType } from '../cel.ts';
import type { Overload } from '../functions.ts';
import { dyn, listOf, mapOf, sameType } from '../types.ts';
import type { Inference } from './inference.ts';

/** The overloads that arguments of these types may mean, and what they give; undefined where none suits. */
export function resolveOverloads(
    candidates: readonly Overload[],
    types: readonly CelType[],
    inference: Inference,
): { fitting: Overload[]; result: CelType } | undefined {
    const fitting: Overload[] = [];
    let result: CelType | undefined;
    for (const overload of candidates) {
        const made = tryOverload(overload, types, inference);
        if (!made) continue;
        fitting.push(overload);
        result = result && !sameType(result, made) ? dyn : made;
    }
    return result && { fitting, result };
}

/** The type of the result when the arguments suit; what was learnt about parameters is then kept. */
function tryOverload(
    { parameters, result }: Overload,
    types: readonly CelType[],
    inference: Inference,
): CelType | undefined {
    if (parameters.length !== types.length) return undefined;
    const renamed = new Map<string, CelType>();
    const suits = inference.attempt((trial) =>
        parameters.every((parameter, index) =>
            trial.assign(instantiate(parameter, renamed, inference), types[index] ?? dyn),
        ),
    );
    return suits ? inference.resolve(instantiate(result, renamed, inference)) : undefined;
}

/** The type with parameters of its own for this call. */
function instantiate(type: CelType, renamed: Map<string, CelType>, inference: Inference): CelType {
    switch (type.kind) {
        case 'parameter': {
            const known = renamed.get(type.name) ?? inference.fresh();
            renamed.set(type.name, known);
            return known;
        }
        case 'list':
            return listOf(instantiate(type.of, renamed, inference));
        case 'map':
            return mapOf(
                instantiate(type.keys, renamed, inference),
                instantiate(type.of, renamed, inference),
            );
        case 'opaque':
        case 'type':
            return type.of ? { ...type, of: instantiate(type.of, renamed, inference) } : type;
        default:
            return type;
    }
}
