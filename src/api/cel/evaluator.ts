import { adapt } from './adapt.ts';
import type { Expression } from './ast.ts';
import type { CelType } from './cel.ts';
import type { Checked } from './check/checker.ts';
import { planComprehension } from './comprehensions.ts';
import { accepts, type Overload } from './functions.ts';
import {
    EntryMap,
    EvaluationError,
    isMap,
    JsonMap,
    keyText,
    List,
    type Meter,
    Optional,
    TypeValue,
    Uint,
    type Value,
} from './values.ts';

/** One run of a program. */
export interface Frame {
    meter: Meter;
    /** Variables of the environment, as values. */
    variable(name: string): Value;
    /** Variables of comprehensions and bindings, by slot. */
    locals: Value[];
}

/** A part of an expression, ready to be run. */
export type Step = (frame: Frame) => Value;

type Of<T extends Expression['type']> = Extract<Expression, { type: T }>;

/** As cel-go charges what is created. */
const creationCosts = { list: 10, map: 30, object: 40 };
const noOverload = 'no such overload';
const dyn: CelType = { kind: 'dyn' };

export function expectBoolean(value: Value): boolean {
    if (typeof value !== 'boolean') throw new EvaluationError(noOverload);
    return value;
}

/** Variables of the environment, which become values when they are first used. */
export function makeFrame(
    types: Readonly<Record<string, CelType>>,
    given: Readonly<Record<string, unknown>>,
    meter: Meter,
): Frame {
    const known = new Map<string, Value>();
    const variable = (name: string): Value => {
        let value = known.get(name);
        if (value === undefined) {
            const type = types[name];
            const own = Object.hasOwn(given, name) ? given[name] : undefined;
            const isOptional = type?.kind === 'opaque' && type.name === 'optional_type';
            if (!type || (own === undefined && !isOptional))
                throw new EvaluationError(`no such attribute(s): ${name}`);
            value = adapt(own, type);
            known.set(name, value);
        }
        return value;
    };
    return { meter, variable, locals: [] };
}

function member(container: Value, key: Value): Value | undefined {
    if (typeof container !== 'object' || container === null) throw new EvaluationError(noOverload);
    if (isMap(container)) return container.get(key);
    if (!(container instanceof List)) throw new EvaluationError(noOverload);
    const index = key instanceof Uint ? key.value : key;
    if (typeof index !== 'bigint' && typeof index !== 'number')
        throw new EvaluationError(`unsupported index type '${typeof key}' in list`);
    const at = Number(index);
    return Number.isInteger(at) && at >= 0 && at < container.size ? container.at(at) : undefined;
}

function access(container: Value, key: Value, optional: boolean): Value {
    if (container instanceof Optional || optional) {
        const inner = container instanceof Optional ? container.value : container;
        const found = inner === undefined ? undefined : member(inner, key);
        if (found instanceof Optional) return found;
        return found === undefined ? Optional.none : new Optional(found);
    }
    const found = member(container, key);
    if (found !== undefined) return found;
    throw new EvaluationError(
        container instanceof List ? `index out of bounds: ${keyText(key)}` : `no such key: ${keyText(key)}`,
    );
}

/** Names, and what is selected from them. */
function isAttribute(expression: Expression): boolean {
    if (expression.type === 'select') return !expression.optional && isAttribute(expression.operand);
    return expression.type === 'identifier';
}

function optionalElement(value: Value): Value | undefined {
    if (!(value instanceof Optional)) throw new EvaluationError(noOverload);
    return value.value;
}

/** Makes a checked expression into steps. */
export class Planner {
    readonly #checked: Checked;
    readonly #scope: string[] = [];

    constructor(checked: Checked) {
        this.#checked = checked;
    }

    plan(expression: Expression): Step {
        switch (expression.type) {
            case 'literal': {
                const { value } = expression;
                return () => value;
            }
            case 'identifier':
                return this.#identifier(expression);
            case 'select':
                return this.#named(expression) ?? this.#select(expression);
            case 'presence':
                return this.#presence(expression);
            case 'index':
                return this.#index(expression);
            case 'call':
                return this.#call(expression);
            case 'logic':
                return this.#logic(expression);
            case 'conditional':
                return this.#conditional(expression);
            case 'list':
                return this.#list(expression);
            case 'map':
                return this.#map(expression);
            case 'object':
                return this.#object(expression);
            case 'comprehension':
                return planComprehension(expression, this);
            case 'bind': {
                const value = this.plan(expression.value);
                const { slots, planned } = this.within([expression.name], () => this.plan(expression.body));
                const [slot = 0] = slots;
                return (frame) => {
                    frame.locals[slot] = value(frame);
                    return planned(frame);
                };
            }
            case 'optionalMap':
                return this.#optionalMap(expression);
        }
    }

    /** Plans a part that sees more variables, and says where their values go. */
    within<T>(names: readonly string[], plan: () => T): { slots: number[]; planned: T } {
        const slots = names.map((name) => this.#scope.push(name) - 1);
        const planned = plan();
        this.#scope.length -= names.length;
        return { slots, planned };
    }

    #identifier(expression: Of<'identifier'>): Step {
        const slot = this.#scope.lastIndexOf(expression.name);
        if (slot < 0) return this.#named(expression) ?? (() => null);
        return (frame) => {
            frame.meter.charge(1);
            return frame.locals[slot] ?? null;
        };
    }

    /** Variables of the environment, and types. */
    #named(expression: Expression): Step | undefined {
        const type = this.#checked.typeNames.get(expression);
        if (type !== undefined) {
            const value = new TypeValue(type);
            return () => value;
        }
        const name = this.#checked.variables.get(expression);
        if (name === undefined) return undefined;
        return (frame) => {
            frame.meter.charge(1);
            return frame.variable(name);
        };
    }

    #select(expression: Of<'select'>): Step {
        const operand = this.plan(expression.operand);
        const key = this.#checked.fields.get(expression) ?? expression.field;
        const { optional } = expression;
        return (frame) => {
            const container = operand(frame);
            frame.meter.charge(1);
            return access(container, key, optional);
        };
    }

    #presence(expression: Of<'presence'>): Step {
        const operand = this.plan(expression.operand);
        const key = this.#checked.fields.get(expression) ?? expression.field;
        return (frame) => {
            const container = operand(frame);
            const inner = container instanceof Optional ? container.value : container;
            if (inner === undefined) return false;
            if (typeof inner !== 'object' || inner === null || !isMap(inner))
                throw new EvaluationError(noOverload);
            return inner.get(key) !== undefined;
        };
    }

    #index(expression: Of<'index'>): Step {
        const [operand, key] = [this.plan(expression.operand), this.plan(expression.key)];
        const { optional } = expression;
        const isFree = isAttribute(expression.key);
        return (frame) => {
            const container = operand(frame);
            const before = frame.meter.cost;
            const at = key(frame);
            // A name that is a key is part of the access, as cel-go has it.
            if (isFree) frame.meter.cost = before;
            frame.meter.charge(1);
            return access(container, at, optional);
        };
    }

    #call(expression: Of<'call'>): Step {
        const { receiver, name } = expression;
        const isMember = receiver && !this.#checked.qualified.has(expression);
        const steps = [...(isMember ? [receiver] : []), ...expression.args].map((part) => this.plan(part));
        const overloads = this.#checked.overloads.get(expression) ?? [];
        const [first, second] = steps;
        if (isMember && first && second && steps.length === 2 && (name === 'orValue' || name === 'or'))
            return optionalOr(first, second, name);
        return (frame) => {
            const args = steps.map((step) => step(frame));
            const overload = pick(overloads, args);
            frame.meter.charge(overload.cost(...args));
            return overload.call(...args, frame.meter);
        };
    }

    /** What one term decides hides the errors of the others. */
    #logic({ operator, terms }: Of<'logic'>): Step {
        const steps = terms.map((term) => this.plan(term));
        const decisive = operator === '||';
        return (frame) => {
            let failure: EvaluationError | undefined;
            for (const step of steps) {
                try {
                    if (expectBoolean(step(frame)) === decisive) return decisive;
                } catch (error) {
                    if (!(error instanceof EvaluationError)) throw error;
                    failure ??= error;
                }
            }
            if (failure) throw failure;
            return !decisive;
        };
    }

    #conditional(expression: Of<'conditional'>): Step {
        const condition = this.plan(expression.condition);
        const [then, otherwise] = [this.plan(expression.then), this.plan(expression.otherwise)];
        return (frame) => (expectBoolean(condition(frame)) ? then(frame) : otherwise(frame));
    }

    #list({ items }: Of<'list'>): Step {
        const steps = items.map(({ value, optional }) => ({ step: this.plan(value), optional }));
        const constants = items.map(({ value }) => (value.type === 'literal' ? value.value : undefined));
        if (constants.every((value) => value !== undefined)) {
            const list = List.of(constants);
            return () => list;
        }
        return (frame) => {
            const values: Value[] = [];
            for (const { step, optional } of steps) {
                const value = optional ? optionalElement(step(frame)) : step(frame);
                if (value !== undefined) values.push(value);
            }
            frame.meter.charge(creationCosts.list);
            return List.of(values);
        };
    }

    #map({ entries }: Of<'map'>): Step {
        const steps = entries.map(({ key, value, optional }) => ({
            key: this.plan(key),
            value: this.plan(value),
            optional,
        }));
        const constant = entries.every(
            ({ key, value }) => key.type === 'literal' && value.type === 'literal',
        );
        return (frame) => {
            const map = new EntryMap();
            for (const entry of steps) {
                const key = entry.key(frame);
                const value = entry.optional ? optionalElement(entry.value(frame)) : entry.value(frame);
                if (value !== undefined) map.add(key, value);
            }
            frame.meter.charge(constant ? 0 : creationCosts.map);
            return map;
        };
    }

    #object({ fields }: Of<'object'>): Step {
        const steps = fields.map(({ name, value, optional }) => ({ name, step: this.plan(value), optional }));
        return (frame) => {
            const entries: [string, Value][] = [];
            for (const { name, step, optional } of steps) {
                const value = optional ? optionalElement(step(frame)) : step(frame);
                if (value !== undefined) entries.push([name, value]);
            }
            frame.meter.charge(creationCosts.object);
            return new JsonMap(Object.fromEntries(entries), () => dyn);
        };
    }

    #optionalMap({ operand, name, body, flat }: Of<'optionalMap'>): Step {
        const source = this.plan(operand);
        const { slots, planned } = this.within([name], () => this.plan(body));
        const [slot = 0] = slots;
        return (frame) => {
            const value = optionalElement(source(frame));
            frame.meter.charge(3);
            if (value === undefined) return Optional.none;
            frame.locals[slot] = value;
            const result = planned(frame);
            if (!flat) return new Optional(result);
            if (!(result instanceof Optional)) throw new EvaluationError(noOverload);
            return result;
        };
    }
}

function pick(overloads: readonly Overload[], args: readonly Value[]): Overload {
    for (const overload of overloads)
        if (overload.parameters.every((type, index) => accepts(type, args[index] ?? null))) return overload;
    throw new EvaluationError(noOverload);
}

/** The second is evaluated only where the first is empty. */
function optionalOr(first: Step, second: Step, name: 'or' | 'orValue'): Step {
    return (frame) => {
        const optional = first(frame);
        if (!(optional instanceof Optional)) throw new EvaluationError(noOverload);
        frame.meter.charge(1);
        if (optional.value === undefined) return second(frame);
        return name === 'or' ? optional : optional.value;
    };
}
