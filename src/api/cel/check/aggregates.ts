import type { Expression } from '../ast.ts';
import type { CelType } from '../cel.ts';
import { fieldName } from '../field-names.ts';
import { dyn, listOf, mapOf, optionalContent, sameType, typeName } from '../types.ts';
import type { Checking } from './checker.ts';

type Of<T extends Expression['type']> = Extract<Expression, { type: T }>;

/** The type of what stands together in a literal, which must be one. */
function join(
    previous: CelType | undefined,
    { type, offset }: { type: CelType; offset: number },
    { inference, mixedAllowed }: Checking,
): CelType {
    if (!previous) return type;
    const [known, next] = [inference.resolve(previous, dyn), inference.resolve(type, dyn)];
    if (inference.attempt((trial) => trial.assign(previous, type)))
        return known.kind === 'null' || next.kind === 'dyn' ? type : previous;
    if (mixedAllowed || sameType(known, next) || known.kind === 'dyn' || next.kind === 'dyn') return dyn;
    return inference.complain(offset, `expected type '${typeName(known)}' but found '${typeName(next)}'`);
}

/** An optional element stands for what is in it. */
function element(value: Expression, optional: boolean, { check, inference }: Checking): CelType {
    const type = check(value);
    if (!optional) return type;
    const resolved = inference.resolve(type);
    const content = optionalContent(resolved);
    if (content) return content;
    if (resolved.kind === 'dyn') return dyn;
    const found = inference.nameOf(type);
    return inference.complain(value.offset, `expected type 'optional_type(dyn)' but found '${found}'`);
}

export function checkList({ items }: Of<'list'>, checking: Checking): CelType {
    let type: CelType | undefined;
    for (const { value, optional } of items)
        type = join(type, { type: element(value, optional, checking), offset: value.offset }, checking);
    return listOf(type ?? checking.inference.fresh());
}

export function checkMap({ entries }: Of<'map'>, checking: Checking): CelType {
    let [keys, values]: (CelType | undefined)[] = [];
    for (const { key, value, optional } of entries) {
        keys = join(keys, { type: checking.check(key), offset: key.offset }, checking);
        values = join(values, { type: element(value, optional, checking), offset: value.offset }, checking);
    }
    const { inference } = checking;
    return mapOf(keys ?? inference.fresh(), values ?? inference.fresh());
}

/** `Name{field: value}`; `type` is undefined for a name that cannot be constructed. */
export function checkObject(
    { name, fields, offset }: Of<'object'>,
    type: CelType | undefined,
    checking: Checking,
): CelType {
    const { inference } = checking;
    if (!type) return inference.complain(offset, `undeclared reference to '${name}' (in container '')`);
    for (const field of fields) {
        const given = element(field.value, field.optional, checking);
        if (type.kind !== 'object') continue;
        const property = fieldName(type, field.name);
        const declared = property === undefined ? undefined : type.fields[property];
        if (!declared) inference.complain(field.offset, `undefined field '${field.name}'`);
        else if (!inference.assign(declared, given))
            inference.complain(
                field.offset,
                `expected type of field '${field.name}' is '${typeName(declared)}' but provided type is '${inference.nameOf(given)}'`,
            );
    }
    return type;
}
