import type { Expression } from '../ast.ts';
import type { CelSize, CelType } from '../cel.ts';
import type { Checked } from '../check/checker.ts';
import { estimateOverloads } from './call-estimates.ts';
import type { Operand } from './call.ts';
import { estimateComprehension } from './comprehension-estimates.ts';
import { Locals } from './locals.ts';
import { add, exactly, type Range, union, unknown } from './range.ts';
import { type Move, moveFrom, type Place } from './sizes.ts';
import { contentsOfMany, type Contents, unite } from './contents.ts';

type Of<T extends Expression['type']> = Extract<Expression, { type: T }>;

const zero = exactly(0);
const one = exactly(1);
/** As cel-go charges what is created. */
const creation = { list: exactly(10), map: exactly(30), object: exactly(40) };
const scalars = new Set<CelType['kind']>(['bool', 'double', 'duration', 'int', 'timestamp', 'uint']);
/** Of values whose fields or keys are looked up. */
const selectable = new Set<CelType['kind']>(['map', 'object', 'parameter']);

function isScalar(type: CelType): boolean {
    if (type.kind === 'opaque' && type.name === 'optional_type') return !!type.of && isScalar(type.of);
    return scalars.has(type.kind);
}

function literalSize({ value }: Of<'literal'>): Range {
    if (typeof value === 'string') return exactly(Array.from(value).length);
    return exactly(value instanceof Uint8Array ? value.length : 1);
}

/** Of what is written out. */
function writtenSize(expression: Expression): Range | undefined {
    switch (expression.type) {
        case 'literal':
            return literalSize(expression);
        case 'list':
            return exactly(expression.items.length);
        case 'map':
            return exactly(expression.entries.length);
        default:
            return undefined;
    }
}

/**
 * Estimates what a checked expression may cost at worst, from how large the data may be: cel-go's checker/cost.go,
 * to the unit, with macros as the expressions that cel-go makes of them. `root` is how large the data are.
 */
export class CostEstimator {
    readonly locals = new Locals();
    readonly #checked: Checked;
    readonly #root: CelSize;
    readonly #places = new Map<Expression, Place>();
    readonly #sizes = new Map<Expression, Range>();
    readonly #contents = new Map<Expression, Contents>();

    constructor(checked: Checked, root: CelSize) {
        this.#checked = checked;
        this.#root = root;
    }

    cost(expression: Expression): Range {
        switch (expression.type) {
            case 'literal':
                return zero;
            case 'identifier':
                return this.#name(expression, this.locals.find(expression.name)?.place);
            case 'select':
                return this.#isName(expression) ? this.#name(expression) : this.#select(expression);
            case 'presence': {
                const { operand } = expression;
                return this.cost(operand);
            }
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
                return add(creation.object, ...expression.fields.map(({ value }) => this.cost(value)));
            case 'comprehension':
                return estimateComprehension(expression, this);
            case 'bind':
                return this.#bind(expression);
            case 'optionalMap':
                return this.#optionalMap(expression);
        }
    }

    typeOf(expression: Expression): CelType {
        return this.#checked.typeOf(expression);
    }

    sizeOf(expression: Expression): Range {
        return this.#knownSize(expression) ?? unknown;
    }

    /** Of a variable of a comprehension. */
    sizeOfLocal(name: string): Range {
        const local = this.locals.find(name);
        const at = local?.place?.at;
        return at ? { min: 0n, max: BigInt(at.max) } : (local?.size ?? unknown);
    }

    setSize(expression: Expression, size: Range | undefined): void {
        if (size) this.#sizes.set(expression, size);
    }

    contentsOf(expression: Expression): Contents | undefined {
        const known = this.#contents.get(expression);
        if (known || expression.type !== 'identifier') return known;
        return this.locals.find(expression.name)?.contents;
    }

    setContents(expression: Expression, contents: Contents | undefined): void {
        if (contents) this.#contents.set(expression, contents);
    }

    /** The place of a part of a value. */
    placeWithin(expression: Expression, move: Move): Place {
        return moveFrom(this.#placeOf(expression), move, this.#root);
    }

    #placeOf(expression: Expression): Place {
        const local = expression.type === 'identifier' ? this.locals.find(expression.name) : undefined;
        return local ? local.place : this.#places.get(expression);
    }

    #knownSize(expression: Expression): Range | undefined {
        const known = this.#sizes.get(expression) ?? writtenSize(expression);
        if (known) return known;
        const place = this.#placeOf(expression)?.at;
        if (place) {
            const size = { min: 0n, max: BigInt(place.max) };
            this.#sizes.set(expression, size);
            return size;
        }
        if (isScalar(this.typeOf(expression))) return one;
        return expression.type === 'identifier' ? this.locals.find(expression.name)?.size : undefined;
    }

    /** Names of variables and of types may have dots in them. */
    #isName(expression: Expression): boolean {
        return this.#checked.variables.has(expression) || this.#checked.typeNames.has(expression);
    }

    #name(expression: Expression, place?: Place): Range {
        const isLocal = expression.type === 'identifier' && this.locals.find(expression.name) !== undefined;
        this.#places.set(expression, isLocal ? place : { at: this.#root });
        return one;
    }

    #select(expression: Of<'select'>): Range {
        const operand = this.cost(expression.operand);
        // An optional selection is a call, whose result has no place.
        if (expression.optional) return add(operand, one);
        const field = this.#checked.fields.get(expression) ?? expression.field;
        this.#places.set(expression, this.placeWithin(expression.operand, { field }));
        return selectable.has(this.typeOf(expression.operand).kind) ? add(operand, one) : operand;
    }

    #index(expression: Of<'index'>): Range {
        const { operand, key, optional } = expression;
        const cost = add(this.cost(operand), this.cost(key), one);
        const { kind } = this.typeOf(operand);
        if (optional || kind === 'opaque') return cost;
        this.#places.set(expression, this.placeWithin(operand, '@elements'));
        this.setSize(expression, this.contentsOf(operand)?.values ?? this.#knownSize(expression));
        return cost;
    }

    #operand(expression: Expression): Operand {
        const { type } = expression;
        return {
            type: this.typeOf(expression),
            size: this.#knownSize(expression),
            elementSize: () => {
                const place = this.#placeOf(expression);
                const element = place && moveFrom(place, '@elements', this.#root)?.at;
                return element ? { min: 0n, max: BigInt(element.max) } : unknown;
            },
            literal:
                type === 'literal' && typeof expression.value === 'bigint' ? expression.value : undefined,
        };
    }

    #call(expression: Of<'call'>): Range {
        const { receiver, args, name } = expression;
        const [first] = args;
        if (name === 'dyn' && first && !receiver) {
            const cost = add(this.cost(first), one);
            this.#copySizes(expression, first);
            return cost;
        }
        const costs = args.map((arg) => this.cost(arg));
        const operands = args.map((arg) => this.#operand(arg));
        const isMember = receiver !== undefined && !this.#checked.qualified.has(expression);
        if (isMember) costs.push(this.cost(receiver));
        const target = isMember ? this.#operand(receiver) : undefined;
        const overloads = this.#checked.overloads.get(expression) ?? [];
        const estimate = estimateOverloads(
            overloads.map((overload) => ({
                name: overload.name,
                parameters: overload.parameters,
                target,
                args: operands,
            })),
        );
        if (name === '_+_') this.setContents(expression, contentsOfMany(args, this));
        this.setSize(expression, estimate.size ?? this.#knownSize(expression));
        return add(estimate.cost, ...costs);
    }

    /** The first term is always evaluated. */
    #logic({ terms }: Of<'logic'>): Range {
        const costs = terms.map((term) => this.cost(term));
        return { min: costs[0]?.min ?? 0n, max: add(...costs).max };
    }

    #conditional(expression: Of<'conditional'>): Range {
        const { condition, then, otherwise } = expression;
        const cost = add(this.cost(condition), union(this.cost(then), this.cost(otherwise)));
        this.setContents(expression, contentsOfMany([then, otherwise], this));
        this.setSize(expression, union(this.sizeOf(then), this.sizeOf(otherwise)));
        return cost;
    }

    #list(expression: Of<'list'>): Range {
        const values = expression.items.map(({ value }) => value);
        const costs = values.map((value) => this.cost(value));
        this.setContents(expression, {
            container: 'list',
            keys: one,
            values: unite(values.map((value) => this.sizeOf(value))),
        });
        return add(creation.list, ...costs);
    }

    #map(expression: Of<'map'>): Range {
        const keys = expression.entries.map(({ key }) => key);
        const values = expression.entries.map(({ value }) => value);
        const costs = [...keys, ...values].map((part) => this.cost(part));
        this.setContents(expression, {
            container: 'map',
            keys: unite(keys.map((key) => this.sizeOf(key))),
            values: unite(values.map((value) => this.sizeOf(value))),
        });
        return add(creation.map, ...costs);
    }

    /** In cel-go a comprehension over an empty list. */
    #bind(expression: Of<'bind'>): Range {
        const { name, value, body } = expression;
        const made = this.cost(value);
        const local = {
            place: this.#placeOf(value),
            size: this.#knownSize(value),
            contents: this.contentsOf(value),
        };
        const rest = this.locals.within([[name, local]], () => {
            const cost = this.cost(body);
            this.#copySizes(expression, body);
            return cost;
        });
        return add(creation.list, made, rest);
    }

    /** x.hasValue() ? optional.of(the body, bound to x.value()) : optional.none() */
    #optionalMap(expression: Of<'optionalMap'>): Range {
        const { operand, name, body, flat } = expression;
        const asked = add(this.cost(operand), one);
        const nothing = { place: undefined, size: undefined, contents: undefined };
        const mapped = this.locals.within([[name, nothing]], () => this.cost(body));
        const bound = add(creation.list, asked, mapped);
        return add(asked, union(flat ? bound : add(bound, one), one));
    }

    #copySizes(to: Expression, from: Expression): void {
        this.setSize(to, this.#knownSize(from));
        this.setContents(to, this.contentsOf(from));
    }
}
