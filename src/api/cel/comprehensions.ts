import type { Comprehension, ComprehensionKind } from './ast.ts';
import { expectBoolean, type Frame, type Planner, type Step } from './evaluator.ts';
import { EntryMap, EvaluationError, isMap, List, type Value } from './values.ts';

/** Comprehensions: one pass over a list or a map, with what it costs in cel-go. */

interface Parts {
    condition: Step | undefined;
    transform: Step | undefined;
    /** Of the first variable, for maps. */
    keySlot: number;
}

/** A comprehension under way. */
interface Fold {
    /** Of asking whether to go on, before each element. */
    cost: number;
    isDecided(): boolean;
    step(frame: Frame): void;
    /** Of making the result. */
    resultCost: number;
    result(): Value;
}

/** Names and additions of what cel-go makes of the macros. */
const nameCost = 1;
const undecided = { cost: 0, isDecided: () => false, resultCost: nameCost };

/** `all` (false decides) and `exists` (true decides): an error counts only where nothing is decided. */
function quantifier({ condition }: Parts, decisive: boolean): Fold {
    let decided = false;
    let failure: EvaluationError | undefined;
    return {
        cost: decisive ? 3 : 2,
        isDecided: () => decided,
        step(frame) {
            frame.meter.charge(nameCost);
            try {
                decided = expectBoolean(condition?.(frame) ?? null) === decisive;
            } catch (error) {
                if (!(error instanceof EvaluationError)) throw error;
                failure ??= error;
            }
        },
        resultCost: nameCost,
        result() {
            if (!decided && failure) throw failure;
            return decided === decisive;
        },
    };
}

function passes({ condition }: Parts, frame: Frame): boolean {
    return !condition || expectBoolean(condition(frame));
}

function existsOne(parts: Parts): Fold {
    let count = 0;
    return {
        ...undecided,
        step(frame) {
            if (!passes(parts, frame)) return;
            frame.meter.charge(nameCost + 1);
            count++;
        },
        resultCost: nameCost + 1,
        result: () => count === 1,
    };
}

/** What creating a list of one and appending it costs. */
const appendCost = nameCost + 10 + 1;

function collectList(parts: Parts): Fold {
    const values: Value[] = [];
    return {
        ...undecided,
        step(frame) {
            if (!passes(parts, frame)) return;
            frame.meter.charge(parts.transform ? appendCost : appendCost + nameCost);
            values.push(parts.transform ? parts.transform(frame) : (frame.locals[parts.keySlot] ?? null));
        },
        result: () => List.of(values),
    };
}

function collectMap(parts: Parts, isEntry: boolean): Fold {
    const map = new EntryMap();
    return {
        ...undecided,
        step(frame) {
            if (!passes(parts, frame)) return;
            frame.meter.charge(isEntry ? nameCost + 1 : 2 * nameCost + 1);
            const made = parts.transform?.(frame) ?? null;
            if (!isEntry) map.add(frame.locals[parts.keySlot] ?? null, made);
            else if (typeof made === 'object' && made !== null && isMap(made))
                for (const key of made.keys()) {
                    frame.meter.charge(1);
                    map.add(key, made.get(key) ?? null);
                }
            else throw new EvaluationError('no such overload');
        },
        result: () => map,
    };
}

const folds: Readonly<Record<ComprehensionKind, (parts: Parts) => Fold>> = {
    all: (parts) => quantifier(parts, false),
    exists: (parts) => quantifier(parts, true),
    existsOne,
    filter: collectList,
    map: collectList,
    transformList: collectList,
    transformMap: (parts) => collectMap(parts, false),
    transformMapEntry: (parts) => collectMap(parts, true),
};

/** Pairs of what the variables get: index and element, or key and value. */
function* pairs(range: Value): Generator<readonly [Value, () => Value]> {
    if (range instanceof List)
        for (let index = 0; index < range.size; index++) yield [BigInt(index), () => range.at(index)];
    else if (typeof range === 'object' && range !== null && isMap(range))
        for (const key of range.keys()) yield [key, () => range.get(key) ?? null];
    else throw new EvaluationError('no such overload');
}

export function planComprehension(expression: Comprehension, planner: Planner): Step {
    const range = planner.plan(expression.range);
    const { slots, planned } = planner.within(expression.variables, () => ({
        condition: expression.condition && planner.plan(expression.condition),
        transform: expression.transform && planner.plan(expression.transform),
    }));
    const [first = 0, second] = slots;
    const start = folds[expression.kind];
    return (frame) => {
        const source = range(frame);
        const fold = start({ ...planned, keySlot: first });
        for (const [key, value] of pairs(source)) {
            const before = frame.meter.cost;
            frame.meter.charge(fold.cost);
            if (fold.isDecided()) break;
            // One variable is the element of a list, but the key of a map.
            frame.locals[first] = second === undefined && source instanceof List ? value() : key;
            if (second !== undefined) frame.locals[second] = value();
            fold.step(frame);
            // Going on is never for nothing.
            if (frame.meter.cost === before) frame.meter.visit();
        }
        frame.meter.charge(fold.resultCost);
        return fold.result();
    };
}
