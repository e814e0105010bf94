import { semanticEqual } from '../../meta/deep.ts';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import type { V1DeviceClassSpec } from '../../meta/object.ts';
import type { Incomplete } from '../incomplete.ts';
import { isExtendedResource } from '../validation/resources.ts';
import { boundedList } from './bounded.ts';
import { validateConfiguration, validateSelectors } from './device-claim.ts';
import { limits } from './limits.ts';

type Spec = Incomplete<V1DeviceClassSpec>;

/** `old`: of an update. What it has unchanged was accepted before. */
export function validateClassSpec(spec: Spec, old: Spec | undefined): FieldError[] {
    const { selectors, config, extendedResourceName: name } = spec;
    const sameSelectors = old !== undefined && semanticEqual(selectors, old.selectors);
    const isStored = old !== undefined && semanticEqual(config, old.config);
    const errors = [
        ...validateSelectors(selectors, 'spec.selectors', { isStored: sameSelectors }),
        ...boundedList(config, 'spec.config', {
            max: limits.configsMax,
            check: (item, path) => validateConfiguration(item, path, { isStored }),
        }),
    ];
    if (name === undefined || isExtendedResource(name)) return errors;
    const path = 'spec.extendedResourceName';
    return [...errors, fieldErrors.invalid(path, name, 'must be a valid extended resource name')];
}
