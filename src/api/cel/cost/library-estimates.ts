import {
    type CallEstimate,
    type EstimatedCall,
    type Estimator,
    one,
    patternCost,
    patternFactor,
    sizeOf,
    traversal,
} from './call.ts';
import { add, exactly, largest, multiply, type Range, scale } from './range.ts';

/**
 * What the functions of the Kubernetes libraries and of cel-go's lists and sets extensions are estimated to cost.
 * Whether a definition is accepted hangs on these numbers: they are upstream's to the unit (k8s.io/apiserver
 * pkg/cel/library cost.go, cel-go ext/lists.go and ext/sets.go).
 */

const listCreation = exactly(10);
/** What upstream takes as the length of the pattern of a named format. */
const formatPatternLength = 128;
/** An address in bytes. */
const addressBytes: Range = { min: 4n, max: 16n };

/** One step for each element, and a walk through those that are texts. */
function elementWise({ target }: EstimatedCall): CallEstimate | undefined {
    if (target === undefined) return undefined;
    if (target.type.kind !== 'list') return { cost: scale(sizeOf(target), traversal) };
    const { kind } = target.type.of;
    const walked = kind === 'string' || kind === 'bytes';
    const element = walked ? add(one, scale(target.elementSize(), traversal)) : one;
    return { cost: multiply(sizeOf(target), element) };
}

/** The text before the dot is walked; the result is no longer than that. */
function rewritten({ target }: EstimatedCall): CallEstimate | undefined {
    if (target === undefined) return undefined;
    const size = sizeOf(target);
    return { cost: scale(size, traversal), size };
}

function argumentWalk({ args: [text] }: EstimatedCall): CallEstimate {
    return { cost: scale(sizeOf(text), traversal) };
}

function argumentRewrite({ args: [text] }: EstimatedCall): CallEstimate {
    return { cost: scale(sizeOf(text), traversal), size: sizeOf(text) };
}

function quotient(size: bigint, part: bigint): bigint {
    return BigInt(Math.ceil(Number(size) / Number(part)));
}

/** The longest text that replacing may give. */
function longestReplacement(text: bigint, old: Range, by: Range): bigint {
    // An empty text is found around every character.
    if (old.min === 0n) return add(multiply(exactly(text + 1n), exactly(by.max)), exactly(text)).max;
    return by.max <= old.min ? text : multiply(exactly(quotient(text, old.min)), exactly(by.max)).max;
}

function shortestReplacement(text: bigint, old: Range, by: Range): bigint {
    if (old.max === 0n) return add(multiply(exactly(text + 1n), exactly(by.min)), exactly(text)).min;
    return old.max <= by.min ? text : multiply(exactly(quotient(text, old.max)), exactly(by.min)).min;
}

function replaced({ target, args: [first, second] }: EstimatedCall): CallEstimate {
    const text = sizeOf(target);
    const [old, by] = [sizeOf(first), sizeOf(second)];
    const size = {
        min: shortestReplacement(text.min, old, by),
        max: longestReplacement(text.max, old, by),
    };
    return { cost: scale(text, 2 * traversal), size };
}

function split({ target, args: [, limit] }: EstimatedCall): CallEstimate {
    const text = sizeOf(target);
    const max = limit?.literal ?? text.max;
    return { cost: scale(text, 2 * traversal), size: { min: 0n, max: max < 0n ? largest : max } };
}

function less(value: bigint): bigint {
    return value > 0n ? value - 1n : 0n;
}

function joined({ target, args: [separator] }: EstimatedCall): CallEstimate | undefined {
    if (target === undefined) return undefined;
    const list = sizeOf(target);
    const texts = multiply(list, target.elementSize());
    const between = { min: less(list.min), max: less(list.max) };
    const size = separator ? add(texts, multiply(sizeOf(separator), between)) : texts;
    return { cost: scale(size, traversal), size };
}

function found({ target, args: [pattern] }: EstimatedCall): CallEstimate {
    const text = sizeOf(target);
    return { cost: patternCost(text, sizeOf(pattern)), size: { min: 0n, max: text.max } };
}

function address({ target, args: [text] }: EstimatedCall): CallEstimate {
    return { cost: target ? one : scale(sizeOf(text), traversal) };
}

/** Two addresses are compared byte by byte, once they are read. */
function within({ parameters: [, other], args: [text] }: EstimatedCall): CallEstimate {
    const compared = scale(add(addressBytes, addressBytes), traversal);
    const read = other?.kind === 'string' ? [scale(sizeOf(text), traversal)] : [];
    return { cost: add(compared, ...read) };
}

function containsNetwork(call: EstimatedCall): CallEstimate {
    return { cost: add(within(call).cost, scale(addressBytes, traversal), one) };
}

function validated({ args: [text] }: EstimatedCall): CallEstimate {
    return { cost: scale(scale(sizeOf(text), traversal), formatPatternLength * patternFactor) };
}

/** A list is made of `size` elements. */
function made(size: Range, factor: number): CallEstimate {
    return { cost: add(scale(size, factor), one, listCreation), size };
}

function sliced({ target, args: [start, end] }: EstimatedCall): CallEstimate {
    const length = (end?.literal ?? sizeOf(target).max) - (start?.literal ?? 0n);
    return made(exactly(length < 0n ? largest : length), 1);
}

function flattened({ target, args: [depth] }: EstimatedCall): CallEstimate {
    const levels = depth ? (depth.literal ?? largest) : 1n;
    return made(sizeOf(target), Number(levels < 0n ? largest : levels));
}

/** Every element is compared with every other one. */
function compared(size: Range, element: string | undefined): CallEstimate {
    const factor = element === 'string' || element === 'bytes' ? 2 + traversal : 2;
    return made(multiply(size, size), factor);
}

function elementKind({ parameters }: EstimatedCall, index: number): string | undefined {
    const list = parameters[index];
    return list?.kind === 'list' ? list.of.kind : undefined;
}

function ranged({ args: [count] }: EstimatedCall): CallEstimate {
    const size = count?.literal ?? largest;
    return made(exactly(size < 0n ? largest : size), 1);
}

function crossed(factor: number): Estimator {
    return ({ args: [a, b] }) => ({ cost: add(scale(multiply(sizeOf(a), sizeOf(b)), factor), one) });
}

function of<T>(names: string, value: T): Record<string, T> {
    return Object.fromEntries(names.split(' ').map((name) => [name, value]));
}

export const libraryEstimates: Readonly<Record<string, Estimator>> = {
    ...of('isSorted sum max min indexOf lastIndexOf', elementWise),
    ...of('lowerAscii upperAscii substring trim', rewritten),
    ...of('url jsonpatch.escapeKey', argumentRewrite),
    ...of('cidr isIP isCIDR quantity isQuantity semver isSemver', argumentWalk),
    replace: replaced,
    split,
    join: joined,
    ...of('find findAll', found),
    ip: address,
    'ip.isCanonical': ({ args: [text] }) => ({ cost: scale(sizeOf(text), 2 * traversal) }),
    containsIP: within,
    containsCIDR: containsNetwork,
    validate: validated,
    slice: sliced,
    flatten: flattened,
    reverse: ({ target }) => made(sizeOf(target), 1),
    distinct: ({ target }) => compared(sizeOf(target), undefined),
    sort: (call) => compared(sizeOf(call.target), elementKind(call, 0)),
    '@sortByAssociatedKeys': (call) => compared(sizeOf(call.args[0]), elementKind(call, 1)),
    'lists.range': ranged,
    ...of('sets.contains sets.intersects', crossed(1)),
    'sets.equivalent': crossed(2),
};
