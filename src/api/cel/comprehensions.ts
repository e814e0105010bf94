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
    /** Before each element. */
    cost: number;
    /** False ends it early. */
    step(frame: Frame): boolean;
    result(): Value;
}

/** `all` (false decides) and `exists` (true decides): an error counts only where nothing is decided. */
function quantifier({ condition }: Parts, decisive: boolean): Fold {
    let decided = false;
    let failure: EvaluationError | undefined;
    return {
        cost: decisive ? 4 : 3,
        step(frame) {
            try {
                decided = expectBoolean(condition?.(frame) ?? null) === decisive;
            } catch (error) {
                if (!(error instanceof EvaluationError)) throw error;
                failure ??= error;
            }
            return !decided;
        },
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
        cost: 1,
        step(frame) {
            if (passes(parts, frame)) count++;
            return true;
        },
        result: () => count === 1,
    };
}

/** What creating a list of one and appending it costs. */
const appendCost = 11;

function collectList(parts: Parts): Fold {
    const values: Value[] = [];
    return {
        cost: 1,
        step(frame) {
            if (!passes(parts, frame)) return true;
            frame.meter.charge(appendCost);
            values.push(parts.transform ? parts.transform(frame) : (frame.locals[parts.keySlot] ?? null));
            return true;
        },
        result: () => List.of(values),
    };
}

function collectMap(parts: Parts, isEntry: boolean): Fold {
    const map = new EntryMap();
    return {
        cost: 2,
        step(frame) {
            if (!passes(parts, frame)) return true;
            const made = parts.transform?.(frame) ?? null;
            if (!isEntry) map.add(frame.locals[parts.keySlot] ?? null, made);
            else if (typeof made === 'object' && made !== null && isMap(made))
                for (const key of made.keys()) {
                    frame.meter.charge(1);
                    map.add(key, made.get(key) ?? null);
                }
            else throw new EvaluationError('no such overload');
            return true;
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
            frame.meter.charge(fold.cost);
            // One variable is the element of a list, but the key of a map.
            frame.locals[first] = second === undefined && source instanceof List ? value() : key;
            if (second !== undefined) frame.locals[second] = value();
            if (!fold.step(frame)) break;
        }
        frame.meter.charge(1);
        return fold.result();
    };
}
