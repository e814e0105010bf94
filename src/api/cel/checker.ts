import type { Comprehension, Expression } from './ast.ts';
import type { CelEnvironment, CelType } from './cel.ts';
import { fieldName } from './field-names.ts';
import { isPattern } from './library/regex.ts';
import { parseDuration, parseTimestamp } from './time.ts';
import type { FunctionTable, Overload } from './functions.ts';
import type { Complaint } from './source.ts';
import { Bindings, dyn, listOf, mapOf, optionalContent, optionalOf, sameType, typeName } from './types.ts';
import { Uint } from './values.ts';

/** What the checker found out, by expression: the evaluator follows it. */
export interface Checked {
    type: CelType;
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

const bool: CelType = { kind: 'bool' };
const int: CelType = { kind: 'int' };

/** Types that an expression may name as values. */
const typeValues = new Map<string, CelType>([
    ...(['bool', 'int', 'uint', 'double', 'string', 'bytes'] as const).map(
        (kind) => [kind, { kind }] as const,
    ),
    ['null_type', { kind: 'null' }],
    ['list', listOf(dyn)],
    ['map', mapOf(dyn, dyn)],
    ['type', { kind: 'type' }],
    ['google.protobuf.Timestamp', { kind: 'timestamp' }],
    ['google.protobuf.Duration', { kind: 'duration' }],
    ['optional_type', optionalOf(dyn)],
    ...['net.IP', 'net.CIDR', 'kubernetes.URL', 'kubernetes.Quantity', 'kubernetes.Semver'].map(
        (name) => [name, { kind: 'opaque', name }] as const,
    ),
]);

function reads(parse: (text: string) => unknown): (text: string) => boolean {
    return (text) => {
        try {
            parse(text);
            return true;
        } catch {
            return false;
        }
    };
}

/** Of the first argument of these functions. */
const literalChecks = new Map([
    ['duration', reads(parseDuration)],
    ['timestamp', reads(parseTimestamp)],
    ['matches', isPattern],
]);

/** `a.b.c` as a name; undefined for what is not a chain of plain selections. */
function qualifiedName(expression: Expression): string | undefined {
    const parts: string[] = [];
    let part = expression;
    for (; part.type === 'select' && !part.optional; part = part.operand) parts.unshift(part.field);
    return part.type === 'identifier' ? [part.name, ...parts].join('.') : undefined;
}

function literalType(value: unknown): CelType {
    if (value === null) return { kind: 'null' };
    if (value instanceof Uint) return { kind: 'uint' };
    if (value instanceof Uint8Array) return { kind: 'bytes' };
    if (typeof value === 'bigint') return int;
    if (typeof value === 'number') return { kind: 'double' };
    return { kind: typeof value === 'boolean' ? 'bool' : 'string' };
}

/** Checks an expression against what its environment declares, as cel-go does, and in its words. */
export class Checker {
    readonly #environment: CelEnvironment;
    readonly #functions: FunctionTable;
    readonly #complaints: Complaint[] = [];
    readonly #types = new Map<Expression, CelType>();
    readonly #scopes: Map<string, CelType>[] = [];
    readonly #checked: Omit<Checked, 'type'> = {
        variables: new Map(),
        typeNames: new Map(),
        overloads: new Map(),
        qualified: new Set(),
        fields: new Map(),
    };
    #bindings = new Bindings();
    #freshCount = 0;
    /** Literals inside of what is formatted may mix types. */
    #mixedAllowed = 0;

    constructor(environment: CelEnvironment, functions: FunctionTable) {
        this.#environment = environment;
        this.#functions = functions;
    }

    /** The complaints, or what was found out. */
    check(expression: Expression): Checked | Complaint[] {
        const type = this.#check(expression);
        if (this.#complaints.length) return this.#complaints;
        return { ...this.#checked, type: this.#bindings.resolve(type, dyn) };
    }

    #complain(offset: number, message: string): CelType {
        this.#complaints.push({ offset, message });
        // As cel-go: what is wrong suits everywhere, so that one mistake is told once.
        return dyn;
    }

    #name(type: CelType): string {
        return typeName(this.#bindings.resolve(type, dyn));
    }

    #fresh(): CelType {
        return { kind: 'parameter', name: `_var${this.#freshCount++}` };
    }

    #check(expression: Expression): CelType {
        const type = this.#typeOf(expression);
        this.#types.set(expression, type);
        return type;
    }

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
                return this.#list(expression);
            case 'map':
                return this.#map(expression);
            case 'object':
                return this.#object(expression);
            case 'comprehension':
                return this.#comprehension(expression);
            case 'bind':
                return this.#within([[expression.name, this.#check(expression.value)]], () =>
                    this.#check(expression.body),
                );
            case 'optionalMap':
                return this.#optionalMap(expression);
        }
    }

    #within<T>(names: readonly (readonly [string, CelType])[], body: () => T): T {
        this.#scopes.push(new Map(names));
        const result = body();
        this.#scopes.pop();
        return result;
    }

    #local(name: string): CelType | undefined {
        for (let index = this.#scopes.length - 1; index >= 0; index--) {
            const type = this.#scopes[index]?.get(name);
            if (type) return type;
        }
        return undefined;
    }

    /** A variable of the environment or a type, by its whole name. */
    #global(expression: Expression, name: string): CelType | undefined {
        const { variables } = this.#environment;
        const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
        if (variable) {
            this.#checked.variables.set(expression, name);
            return variable;
        }
        const type = typeValues.get(name);
        if (!type) return undefined;
        this.#checked.typeNames.set(expression, name);
        return { kind: 'type', of: type };
    }

    #identifier(expression: Extract<Expression, { type: 'identifier' }>): CelType {
        const { name, offset } = expression;
        return (
            this.#local(name) ??
            this.#global(expression, name) ??
            this.#complain(offset, `undeclared reference to '${name}' (in container '')`)
        );
    }

    /** A selection that is the name of a variable or a type with dots in it. */
    #named(expression: Extract<Expression, { type: 'select' }>): CelType | undefined {
        const name = qualifiedName(expression);
        if (name === undefined || this.#local(name.slice(0, name.indexOf('.')))) return undefined;
        return this.#global(expression, name);
    }

    #selection(expression: Extract<Expression, { type: 'select' }>, key: Expression = expression): CelType {
        const operand = this.#bindings.resolve(this.#check(expression.operand));
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
                if (name === undefined) return this.#complain(offset, `undefined field '${field}'`);
                this.#checked.fields.set(key, name);
                return type.fields[name] ?? dyn;
            }
            default:
                return this.#complain(offset, `type '${this.#name(type)}' does not support field selection`);
        }
    }

    #index(expression: Extract<Expression, { type: 'index' }>): CelType {
        const { operand, key, optional, offset } = expression;
        const [container, index] = [this.#check(operand), this.#check(key)];
        const resolved = this.#bindings.resolve(container);
        const content = optionalContent(resolved);
        const inner = content ?? resolved;
        let result: CelType | undefined;
        if (inner.kind === 'dyn' || inner.kind === 'parameter') result = dyn;
        else if (inner.kind === 'list' && this.#bindings.assign(int, index)) result = inner.of;
        else if (inner.kind === 'map' && this.#bindings.assign(inner.keys, index)) result = inner.of;
        if (!result)
            return this.#complain(
                offset,
                `found no matching overload for '${optional ? '_[?_]' : '_[_]'}' applied to '(${this.#name(container)}, ${this.#name(index)})'`,
            );
        return optional || content ? optionalOf(result) : result;
    }

    #logicTerm(expression: Extract<Expression, { type: 'logic' }>, term: Expression): void {
        const type = this.#check(term);
        if (this.#bindings.assign(bool, type)) return;
        const types = expression.terms.map((other) => this.#name(this.#types.get(other) ?? bool));
        const at = expression.terms.indexOf(term);
        const pair = at === 0 ? [types[0], 'bool'] : ['bool', types[at]];
        this.#complain(
            expression.offset,
            `found no matching overload for '_${expression.operator}_' applied to '(${pair.join(', ')})'`,
        );
    }

    #conditional({
        condition,
        then,
        otherwise,
        offset,
    }: Extract<Expression, { type: 'conditional' }>): CelType {
        const types = [condition, then, otherwise].map((part) => this.#check(part));
        const [first = dyn, second = dyn, third = dyn] = types;
        const result = this.#fresh();
        const trial = new Bindings(this.#bindings);
        if (!trial.assign(bool, first) || !trial.assign(result, second) || !trial.assign(result, third))
            return this.#complain(
                offset,
                `found no matching overload for '_?_:_' applied to '(${types.map((type) => this.#name(type)).join(', ')})'`,
            );
        this.#bindings = trial;
        return trial.resolve(result);
    }

    #call(expression: Extract<Expression, { type: 'call' }>): CelType {
        const { receiver, name, offset, args } = expression;
        const prefix = receiver && qualifiedName(receiver);
        const whole = prefix === undefined ? undefined : `${prefix}.${name}`;
        const qualified = whole === undefined ? undefined : this.#candidates(whole, false);
        if (qualified) {
            this.#checked.qualified.add(expression);
            return this.#resolve(expression, whole ?? name, qualified, this.#arguments(args, false));
        }
        const types = this.#arguments(args, name === 'format');
        const all = receiver ? [this.#check(receiver), ...types] : types;
        const known = this.#functions.find(name);
        if (!known) return this.#complain(offset, `undeclared reference to '${name}' (in container '')`);
        return this.#resolve(expression, name, this.#candidates(name, !!receiver) ?? [], all);
    }

    #arguments(args: readonly Expression[], mixed: boolean): CelType[] {
        const outer = this.#mixedAllowed;
        this.#mixedAllowed = mixed ? 1 : 0;
        const types = args.map((arg) => this.#check(arg));
        this.#mixedAllowed = outer;
        return types;
    }

    #candidates(name: string, member: boolean): readonly Overload[] | undefined {
        const overloads = this.#functions.find(name)?.filter((overload) => overload.member === member);
        return overloads?.length ? overloads : undefined;
    }

    #resolve(
        expression: Extract<Expression, { type: 'call' }>,
        name: string,
        candidates: readonly Overload[],
        types: readonly CelType[],
    ): CelType {
        const fitting: Overload[] = [];
        let result: CelType | undefined;
        for (const overload of candidates) {
            const made = this.#tryOverload(overload, types);
            if (!made) continue;
            fitting.push(overload);
            result = result && !sameType(result, made) ? dyn : made;
        }
        if (!result) return this.#noOverload(expression, name, types);
        this.#checked.overloads.set(expression, fitting);
        this.#literalArgument(expression);
        return result;
    }

    /** Times, spans and patterns that are written out are read at once. */
    #literalArgument({ name, args: [first] }: Extract<Expression, { type: 'call' }>): void {
        const isValid = literalChecks.get(name);
        if (!isValid || first?.type !== 'literal' || typeof first.value !== 'string') return;
        if (!isValid(first.value)) this.#complain(first.offset, `invalid ${name} argument`);
    }

    /** The type of the result when the arguments suit; what was learnt about parameters is then kept. */
    #tryOverload(overload: Overload, types: readonly CelType[]): CelType | undefined {
        if (overload.parameters.length !== types.length) return undefined;
        const trial = new Bindings(this.#bindings);
        const renamed = new Map<string, CelType>();
        const suits = overload.parameters.every((parameter, index) =>
            trial.assign(this.#instantiate(parameter, renamed), types[index] ?? dyn),
        );
        if (!suits) return undefined;
        this.#bindings = trial;
        return trial.resolve(this.#instantiate(overload.result, renamed));
    }

    /** The type with parameters of its own for this call. */
    #instantiate(type: CelType, renamed: Map<string, CelType>): CelType {
        switch (type.kind) {
            case 'parameter': {
                const known = renamed.get(type.name) ?? this.#fresh();
                renamed.set(type.name, known);
                return known;
            }
            case 'list':
                return listOf(this.#instantiate(type.of, renamed));
            case 'map':
                return mapOf(this.#instantiate(type.keys, renamed), this.#instantiate(type.of, renamed));
            case 'opaque':
            case 'type':
                return type.of ? { ...type, of: this.#instantiate(type.of, renamed) } : type;
            default:
                return type;
        }
    }

    #noOverload(
        expression: Extract<Expression, { type: 'call' }>,
        name: string,
        types: readonly CelType[],
    ): CelType {
        const names = types.map((type) => this.#name(type));
        const isMember = expression.receiver && !this.#checked.qualified.has(expression);
        const applied = isMember
            ? `${names[0] ?? ''}.(${names.slice(1).join(', ')})`
            : `(${names.join(', ')})`;
        return this.#complain(
            expression.offset,
            `found no matching overload for '${name}' applied to '${applied}'`,
        );
    }

    /** The type of what stands together in a literal, which must be one. */
    #join(previous: CelType | undefined, type: CelType, offset: number): CelType {
        if (!previous) return type;
        const trial = new Bindings(this.#bindings);
        const [known, next] = [this.#bindings.resolve(previous, dyn), this.#bindings.resolve(type, dyn)];
        if (
            !this.#mixedAllowed &&
            !sameType(known, next) &&
            known.kind !== 'dyn' &&
            next.kind !== 'dyn' &&
            !trial.assign(previous, type)
        )
            return this.#complain(offset, `expected type '${typeName(known)}' but found '${typeName(next)}'`);
        if (!trial.assign(previous, type)) return dyn;
        this.#bindings = trial;
        return known.kind === 'null' || next.kind === 'dyn' ? type : previous;
    }

    /** An optional element stands for what is in it. */
    #element(value: Expression, optional: boolean): CelType {
        const type = this.#check(value);
        if (!optional) return type;
        const content = optionalContent(this.#bindings.resolve(type));
        if (content) return content;
        if (this.#bindings.resolve(type).kind === 'dyn') return dyn;
        return this.#complain(
            value.offset,
            `expected type 'optional_type(dyn)' but found '${this.#name(type)}'`,
        );
    }

    #list({ items }: Extract<Expression, { type: 'list' }>): CelType {
        let type: CelType | undefined;
        for (const { value, optional } of items)
            type = this.#join(type, this.#element(value, optional), value.offset);
        return listOf(type ?? this.#fresh());
    }

    #map({ entries }: Extract<Expression, { type: 'map' }>): CelType {
        let [keys, values]: (CelType | undefined)[] = [];
        for (const { key, value, optional } of entries) {
            keys = this.#join(keys, this.#check(key), key.offset);
            values = this.#join(values, this.#element(value, optional), value.offset);
        }
        return mapOf(keys ?? this.#fresh(), values ?? this.#fresh());
    }

    #object({ name, fields, offset }: Extract<Expression, { type: 'object' }>): CelType {
        const type = this.#environment.constructible?.(name);
        if (!type) return this.#complain(offset, `undeclared reference to '${name}' (in container '')`);
        for (const field of fields) {
            const given = this.#element(field.value, field.optional);
            if (type.kind !== 'object') continue;
            const property = fieldName(type, field.name);
            const declared = property === undefined ? undefined : type.fields[property];
            if (!declared) this.#complain(field.offset, `undefined field '${field.name}'`);
            else if (!this.#bindings.assign(declared, given))
                this.#complain(
                    field.offset,
                    `expected type of field '${field.name}' is '${typeName(declared)}' but provided type is '${this.#name(given)}'`,
                );
        }
        return type;
    }

    #comprehension(expression: Comprehension): CelType {
        const range = this.#bindings.resolve(this.#check(expression.range));
        const two = expression.variables.length === 2;
        const types: CelType[] = [];
        if (range.kind === 'list') types.push(...(two ? [int, range.of] : [range.of]));
        else if (range.kind === 'map') types.push(range.keys, range.of);
        else if (range.kind === 'dyn' || range.kind === 'parameter') types.push(dyn, dyn);
        else {
            this.#complain(
                expression.range.offset,
                `expression of type '${this.#name(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
            );
            types.push(dyn, dyn);
        }
        const names = expression.variables.map((name, index) => [name, types[index] ?? dyn] as const);
        return this.#within(names, () => this.#comprehended(expression, types));
    }

    /** With the variables in scope. */
    #comprehended({ kind, condition, transform }: Comprehension, types: readonly CelType[]): CelType {
        if (condition) this.#condition(condition, kind);
        const made = transform ? this.#check(transform) : dyn;
        switch (kind) {
            case 'all':
            case 'exists':
            case 'existsOne':
                return bool;
            case 'filter':
                return listOf(types[0] ?? dyn);
            case 'map':
            case 'transformList':
                return listOf(made);
            case 'transformMap':
                return mapOf(types[0] ?? dyn, made);
            case 'transformMapEntry': {
                const entry = this.#bindings.resolve(made);
                return entry.kind === 'map' ? entry : mapOf(dyn, dyn);
            }
        }
    }

    #condition(condition: Expression, kind: Comprehension['kind']): void {
        const type = this.#check(condition);
        if (this.#bindings.assign(bool, type)) return;
        const name = this.#name(type);
        const [operator, signature] =
            kind === 'all'
                ? ['_&&_', `(bool, ${name})`]
                : kind === 'exists'
                  ? ['_||_', `(bool, ${name})`]
                  : ['_?_:_', `(${name}, ${kind === 'existsOne' ? 'int, int' : 'list(dyn), list(dyn)'})`];
        this.#complain(
            condition.offset,
            `found no matching overload for '${operator}' applied to '${signature}'`,
        );
    }

    #optionalMap(expression: Extract<Expression, { type: 'optionalMap' }>): CelType {
        const { operand, name, body, flat, offset } = expression;
        const type = this.#bindings.resolve(this.#check(operand));
        const content = optionalContent(type) ?? (type.kind === 'dyn' ? dyn : undefined);
        if (!content)
            return this.#complain(
                offset,
                `found no matching overload for '${flat ? 'optFlatMap' : 'optMap'}' applied to '${this.#name(type)}.()'`,
            );
        const made = this.#within([[name, content]], () => this.#check(body));
        if (!flat) return optionalOf(made);
        const inner = this.#bindings.resolve(made);
        if (!optionalContent(inner) && inner.kind !== 'dyn')
            return this.#complain(
                body.offset,
                `expected type 'optional_type(dyn)' but found '${this.#name(made)}'`,
            );
        return optionalContent(inner) ? inner : optionalOf(dyn);
    }
}
