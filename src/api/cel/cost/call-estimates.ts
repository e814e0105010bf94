import type { CelType } from '../cel.ts';
import { sameType } from '../types.ts';
import {
    type CallEstimate,
    type EstimatedCall,
    type Estimator,
    one,
    patternCost,
    sizeOf,
    traversal,
} from './call.ts';
import { libraryEstimates } from './library-estimates.ts';
import { add, exactly, multiply, scale, union } from './range.ts';

const sized = new Set<CelType['kind']>(['string', 'bytes', 'list']);

function addition({ parameters: [first], args: [left, right] }: EstimatedCall): CallEstimate | undefined {
    if (!first || !sized.has(first.kind)) return undefined;
    const size = add(sizeOf(left), sizeOf(right));
    return { cost: first.kind === 'list' ? one : scale(size, traversal), size };
}

/** The smaller of both decides. */
function comparison({ args: [left, right] }: EstimatedCall): CallEstimate {
    const [a, b] = [sizeOf(left).max, sizeOf(right).max];
    const max = a < b ? a : b;
    return { cost: scale({ min: max > 0n ? 1n : 0n, max }, traversal) };
}

function order(call: EstimatedCall): CallEstimate | undefined {
    const kind = call.parameters[0]?.kind;
    return kind === 'string' || kind === 'bytes' ? comparison(call) : undefined;
}

const formatSizeMax = 64n;

/** Values of the Kubernetes libraries are compared in one step, but for those that are texts. */
function equality(call: EstimatedCall): CallEstimate {
    const [left, right] = call.args;
    if (left?.type.kind !== 'opaque' || !right || !sameType(left.type, right.type)) return comparison(call);
    switch (left.type.name) {
        case 'net.IP':
        case 'net.CIDR':
        case 'kubernetes.Quantity':
        case 'kubernetes.Semver':
            return { cost: one };
        case 'kubernetes.NamedFormat':
            return { cost: scale({ min: 1n, max: formatSizeMax }, traversal) };
        case 'kubernetes.URL':
            return { cost: scale({ min: 1n, max: right.size?.max ?? 1n }, traversal) };
        default:
            return comparison(call);
    }
}

function toText({ parameters: [from], args: [value] }: EstimatedCall): CallEstimate | undefined {
    if (from?.kind !== 'bytes') return undefined;
    const { min, max } = sizeOf(value);
    // Four bytes may be one character.
    return { cost: scale({ min, max }, traversal), size: { min: min / 4n, max } };
}

function toBytes({ parameters: [from], args: [value] }: EstimatedCall): CallEstimate | undefined {
    if (from?.kind !== 'string') return undefined;
    const size = sizeOf(value);
    return { cost: scale(size, traversal), size: { ...multiply(size, exactly(4)), min: size.min } };
}

function walkArgument({ args: [part] }: EstimatedCall): CallEstimate {
    return { cost: scale(sizeOf(part), traversal) };
}

function quoted({ args: [text] }: EstimatedCall): CallEstimate {
    const size = sizeOf(text);
    const longest = add(multiply(size, exactly(2)), exactly(2));
    return {
        cost: scale(size, traversal),
        size: { min: add(size, exactly(2)).min, max: longest.max },
    };
}

/** Functions of the language and its strings extension, whose costs are cel-go's own. */
const languageEstimates: Readonly<Record<string, Estimator>> = {
    '_+_': addition,
    '_==_': equality,
    '_!=_': comparison,
    '_<_': order,
    '_<=_': order,
    '_>_': order,
    '_>=_': order,
    '@in': ({ parameters, args }) => (parameters[1]?.kind === 'list' ? { cost: sizeOf(args[1]) } : undefined),
    string: toText,
    bytes: toBytes,
    startsWith: walkArgument,
    endsWith: walkArgument,
    contains: ({ target, args }) => ({
        cost: multiply(scale(sizeOf(target), traversal), scale(sizeOf(args[0]), traversal)),
    }),
    matches: ({ target, args }) =>
        target ? { cost: patternCost(sizeOf(target), sizeOf(args[0])) } : undefined,
    format: ({ target }) => ({ cost: scale(sizeOf(target), traversal) }),
    'strings.quote': quoted,
};

/** The worst that a call by one overload may cost, in cel-go's units; most calls cost 1. */
export function estimateCall(call: EstimatedCall): CallEstimate {
    const estimator = libraryEstimates[call.name] ?? languageEstimates[call.name];
    return estimator?.(call) ?? { cost: one };
}

/** Over all overloads that may be meant. */
export function estimateOverloads(calls: readonly EstimatedCall[]): CallEstimate {
    let all: CallEstimate | undefined;
    for (const call of calls) {
        const made = estimateCall(call);
        if (!all) all = { ...made };
        else {
            all.cost = union(all.cost, made.cost);
            if (made.size) all.size = all.size ? union(all.size, made.size) : made.size;
        }
    }
    return all ?? { cost: one };
}
