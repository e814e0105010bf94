import type { Expression } from '../ast.ts';
import type { CelEnvironment, CelType } from '../cel.ts';
import { fieldName } from '../field-names.ts';
import type { FunctionTable, Overload } from '../functions.ts';
import type { Complaint } from '../source.ts';
import { dyn, optionalContent, optionalOf } from '../types.ts';
import { checkList, checkMap, checkObject } from './aggregates.ts';
import { resolveOverloads } from './calls.ts';
import { checkComprehension, checkOptionalMap } from './comprehensions.ts';
import { Inference } from './inference.ts';
import { isReadable, literalType, typeValues } from './known-types.ts';

/** What the checker found out, by expression: the evaluator follows it. */
export interface Checked {
    type: CelType;
    /** Of any part of the expression. */
    typeOf: (expression: Expression) => CelType;
    /** Of names and of selections that are names with dots. */
    variables: Map<Expression, string>;
    /** Names of types used as values. */
    typeNames: Map<Expression, string>;
    /** The overloads that may be meant. */
    overloads: Map<Expression, readonly Overload[]>;
    /** Calls with a name before the dot that is part of the function's name. */
    qualified: Set<Expression>;
    /** The property that a selected field of an object is. */
    fields: Map<Expression, string>;
}

/** What the parts of the checker need of each other. */
export interface Checking {
    readonly inference: Inference;
    /** Literals inside of what is formatted may mix types. */
    readonly mixedAllowed: boolean;
    readonly check: (expression: Expression) => CelType;
    /** Checks with more names in scope. */
    readonly within: <T>(names: readonly (readonly [string, CelType])[], body: () => T) => T;
}

type Of<T extends Expression['type']> = Extract<Expression, { type: T }>;

const bool: CelType = { kind: 'bool' };
const int: CelType = { kind: 'int' };

/** `a.b.c` as a name; undefined for what is not a chain of plain selections. */
function qualifiedName(expression: Expression): string | undefined {
    const parts: string[] = [];
    let part = expression;
    for (; part.type === 'select' && !part.optional; part = part.operand) parts.unshift(part.field);
    return part.type === 'identifier' ? [part.name, ...parts].join('.') : undefined;
}

/** Checks an expression against what its environment declares, as cel-go does, and in its words. */
export class Checker implements Checking {
    readonly inference = new Inference();
    mixedAllowed = false;
    readonly #environment: CelEnvironment;
    readonly #functions: FunctionTable;
    readonly #types = new Map<Expression, CelType>();
    readonly #scopes: Map<string, CelType>[] = [];
    readonly #found: Omit<Checked, 'type' | 'typeOf'> = {
        variables: new Map(),
        typeNames: new Map(),
        overloads: new Map(),
        qualified: new Set(),
        fields: new Map(),
    };

    constructor(environment: CelEnvironment, functions: FunctionTable) {
        this.#environment = environment;
        this.#functions = functions;
    }

    /** The complaints, or what was found out. */
    run(expression: Expression): Checked | Complaint[] {
        const type = this.check(expression);
        const { inference } = this;
        if (inference.complaints.length) return inference.complaints;
        const types = this.#types;
        return {
            ...this.#found,
            type: inference.resolve(type, dyn),
            typeOf: (part) => inference.resolve(types.get(part) ?? dyn, dyn),
        };
    }

    readonly check = (expression: Expression): CelType => {
        const type = this.#typeOf(expression);
        this.#types.set(expression, type);
        return type;
    };

    readonly within = <T>(names: readonly (readonly [string, CelType])[], body: () => T): T => {
        this.#scopes.push(new Map(names));
        const result = body();
        this.#scopes.pop();
        return result;
    };

    #typeOf(expression: Expression): CelType {
        switch (expression.type) {
            case 'literal':
                return literalType(expression.value);
            case 'identifier':
                return this.#identifier(expression);
            case 'select':
                return this.#named(expression) ?? this.#selection(expression);
            case 'presence':
                this.#selection({ ...expression, type: 'select', optional: false }, expression);
                return bool;
            case 'index':
                return this.#index(expression);
            case 'call':
                return this.#call(expression);
            case 'logic':
                for (const term of expression.terms) this.#logicTerm(expression, term);
                return bool;
            case 'conditional':
                return this.#conditional(expression);
            case 'list':
                return checkList(expression, this);
            case 'map':
                return checkMap(expression, this);
            case 'object':
                return checkObject(expression, this.#environment.constructible?.(expression.name), this);
            case 'comprehension':
                return checkComprehension(expression, this);
            case 'bind':
                return this.within([[expression.name, this.check(expression.value)]], () =>
                    this.check(expression.body),
                );
            case 'optionalMap':
                return checkOptionalMap(expression, this);
        }
    }

    #local(name: string): CelType | undefined {
        return this.#scopes.findLast((scope) => scope.has(name))?.get(name);
    }

    /** A variable of the environment or a type, by its whole name. */
    #global(expression: Expression, name: string): CelType | undefined {
        const { variables } = this.#environment;
        const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
        if (variable) {
            this.#found.variables.set(expression, name);
            return variable;
        }
        const type = typeValues.get(name);
        if (!type) return undefined;
        this.#found.typeNames.set(expression, name);
        return { kind: 'type', of: type };
    }

    #identifier(expression: Of<'identifier'>): CelType {
        const { name, offset } = expression;
        return (
            this.#local(name) ??
            this.#global(expression, name) ??
            this.inference.complain(offset, `undeclared reference to '${name}' (in container '')`)
        );
    }

    /** A selection that is the name of a variable or a type with dots in it. */
    #named(expression: Of<'select'>): CelType | undefined {
        const name = qualifiedName(expression);
        if (name === undefined || this.#local(name.slice(0, name.indexOf('.')))) return undefined;
        return this.#global(expression, name);
    }

    #selection(expression: Of<'select'>, key: Expression = expression): CelType {
        const operand = this.inference.resolve(this.check(expression.operand));
        const content = optionalContent(operand);
        const field = this.#field(content ?? operand, expression, key);
        if (!expression.optional && !content) return field;
        return optionalContent(field) ? field : optionalOf(field);
    }

    #field(type: CelType, { field, offset }: { field: string; offset: number }, key: Expression): CelType {
        switch (type.kind) {
            case 'dyn':
            case 'parameter':
                return dyn;
            case 'map':
                return type.of;
            case 'object': {
                const name = fieldName(type, field);
                if (name === undefined) return this.inference.complain(offset, `undefined field '${field}'`);
                this.#found.fields.set(key, name);
                return type.fields[name] ?? dyn;
            }
            default:
                return this.inference.complain(
                    offset,
                    `type '${this.inference.nameOf(type)}' does not support field selection`,
                );
        }
    }

    #index(expression: Of<'index'>): CelType {
        const { operand, key, optional, offset } = expression;
        const [container, index] = [this.check(operand), this.check(key)];
        const resolved = this.inference.resolve(container);
        const content = optionalContent(resolved);
        const inner = content ?? resolved;
        let result: CelType | undefined;
        if (inner.kind === 'dyn' || inner.kind === 'parameter') result = dyn;
        else if (inner.kind === 'list' && this.inference.assign(int, index)) result = inner.of;
        else if (inner.kind === 'map' && this.inference.assign(inner.keys, index)) result = inner.of;
        if (!result)
            return this.inference.complain(
                offset,
                `found no matching overload for '${optional ? '_[?_]' : '_[_]'}' applied to '(${this.inference.nameOf(container)}, ${this.inference.nameOf(index)})'`,
            );
        return optional || content ? optionalOf(result) : result;
    }

    #logicTerm(expression: Of<'logic'>, term: Expression): void {
        const type = this.check(term);
        if (this.inference.assign(bool, type)) return;
        const types = expression.terms.map((other) => this.inference.nameOf(this.#types.get(other) ?? bool));
        const at = expression.terms.indexOf(term);
        const pair = at === 0 ? [types[0], 'bool'] : ['bool', types[at]];
        this.inference.complain(
            expression.offset,
            `found no matching overload for '_${expression.operator}_' applied to '(${pair.join(', ')})'`,
        );
    }

    #conditional({ condition, then, otherwise, offset }: Of<'conditional'>): CelType {
        const { inference } = this;
        const types = [condition, then, otherwise].map((part) => this.check(part));
        const [first = dyn, second = dyn, third = dyn] = types;
        const result = inference.fresh();
        const suits = inference.attempt(
            (trial) =>
                trial.assign(bool, first) && trial.assign(result, second) && trial.assign(result, third),
        );
        if (suits) return inference.resolve(result);
        const names = types.map((type) => inference.nameOf(type));
        return inference.noOverload(offset, '_?_:_', `(${names.join(', ')})`);
    }

    #call(expression: Of<'call'>): CelType {
        const { receiver, name, offset, args } = expression;
        const prefix = receiver && qualifiedName(receiver);
        const whole = prefix === undefined ? undefined : `${prefix}.${name}`;
        const qualified = whole === undefined ? undefined : this.#candidates(whole, false);
        if (qualified) {
            this.#found.qualified.add(expression);
            return this.#resolve(expression, whole ?? name, qualified, this.#arguments(args, false));
        }
        const types = this.#arguments(args, name === 'format');
        const all = receiver ? [this.check(receiver), ...types] : types;
        if (!this.#functions.find(name))
            return this.inference.complain(offset, `undeclared reference to '${name}' (in container '')`);
        return this.#resolve(expression, name, this.#candidates(name, !!receiver) ?? [], all);
    }

    #arguments(args: readonly Expression[], mixed: boolean): CelType[] {
        const outer = this.mixedAllowed;
        this.mixedAllowed = mixed;
        const types = args.map((arg) => this.check(arg));
        this.mixedAllowed = outer;
        return types;
    }

    #candidates(name: string, member: boolean): readonly Overload[] | undefined {
        const overloads = this.#functions.find(name)?.filter((overload) => overload.member === member);
        return overloads?.length ? overloads : undefined;
    }

    #resolve(
        expression: Of<'call'>,
        name: string,
        candidates: readonly Overload[],
        types: readonly CelType[],
    ): CelType {
        const resolved = resolveOverloads(candidates, types, this.inference);
        if (!resolved) return this.#noOverload(expression, name, types);
        this.#found.overloads.set(expression, resolved.fitting);
        const [first] = expression.args;
        // Times, spans and patterns that are written out are read at once.
        if (first?.type === 'literal' && typeof first.value === 'string' && !isReadable(name, first.value))
            this.inference.complain(first.offset, `invalid ${name} argument`);
        return resolved.result;
    }

    #noOverload(expression: Of<'call'>, name: string, types: readonly CelType[]): CelType {
        const names = types.map((type) => this.inference.nameOf(type));
        const isMember = expression.receiver && !this.#found.qualified.has(expression);
        const applied = isMember
            ? `${names[0] ?? ''}.(${names.slice(1).join(', ')})`
            : `(${names.join(', ')})`;
        return this.inference.noOverload(expression.offset, name, applied);
    }
}
