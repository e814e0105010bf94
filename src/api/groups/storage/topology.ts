import { semanticEqual } from '../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1TopologySelectorTerm } from '../../meta/object.ts';
import type { Incomplete } from '../incomplete.ts';
import { each, items, qualifiedName } from '../validation/basic.ts';

type Term = Incomplete<V1TopologySelectorTerm>;
type Requirement = NonNullable<Term['matchLabelExpressions']>[number];

/** Each term is compared with those before it, up to so many. */
const comparedTermsMax = 200;

function validateRequirement({ key, values }: Requirement, path: string): FieldError[] {
    const seen = new Set<string>();
    return [
        ...(items(values).length === 0 ? [fieldErrors.required(`${path}.values`)] : []),
        ...each(values, `${path}.values`, (value, valuePath) => {
            if (seen.has(value)) return [fieldErrors.duplicate(valuePath, value)];
            seen.add(value);
            return [];
        }),
        ...qualifiedName(key, `${path}.key`),
    ];
}

function validateTerm({ matchLabelExpressions }: Term, path: string): FieldError[] {
    const keys = new Set<string>();
    return each(matchLabelExpressions, `${path}.matchLabelExpressions`, (requirement, itemPath) => {
        const { key = '' } = requirement;
        const errors = validateRequirement(requirement, itemPath);
        if (keys.has(key)) errors.push(fieldErrors.duplicate(`${itemPath}.key`, key));
        keys.add(key);
        return errors;
    });
}

/** What a term asks for, whatever the order: the sorted values by key. */
function meaning({ matchLabelExpressions }: Term): Record<string, string[]> {
    return Object.fromEntries(
        items(matchLabelExpressions).map(({ key = '', values }) => [key, [...new Set(values)].sort()]),
    );
}

/** Where a class may have its volumes (core/validation ValidateTopologySelectorTerm); no term twice, none empty. */
export function validateTopologies(terms: readonly Term[] | undefined): FieldError[] {
    const meanings = items(terms).slice(0, comparedTermsMax).map(meaning);
    return each(terms, 'allowedTopologies', (term, path, index) => {
        const own = meanings[index];
        const isRepeated =
            own !== undefined &&
            (Object.keys(own).length === 0 ||
                meanings.slice(0, index).some((earlier) => semanticEqual(earlier, own)));
        const errors = validateTerm(term, path);
        return isRepeated ? [...errors, fieldErrors.duplicate(`${path}.matchLabelExpressions`, '')] : errors;
    });
}
