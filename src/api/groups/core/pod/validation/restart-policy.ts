import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import type { V1Container, V1ContainerRestartRule } from '../../../../meta/object.ts';
import { each, items, oneOf, optionalOneOf } from '../../../validation/basic.ts';

const restartPolicies = ['Always', 'Never', 'OnFailure'];
/** Rules of one container. */
const restartRulesMax = 20;
/** Exit codes that one rule lists. */
const exitCodesMax = 255;

/** `restartPolicy` and `restartPolicyRules` of one container. */
export function validateContainerRestartPolicy(container: V1Container, path: string): FieldError[] {
    const { restartPolicy, restartPolicyRules } = container;
    const errors = optionalOneOf(restartPolicy, `${path}.restartPolicy`, restartPolicies);
    if (items(restartPolicyRules).length === 0) return errors;
    const rulesPath = `${path}.restartPolicyRules`;
    if (restartPolicy === undefined) {
        errors.push(
            fieldErrors.required(
                `${path}.restartPolicy`,
                'must specify restartPolicy when restart rules are used',
            ),
        );
    } else if (restartPolicy === 'Always') {
        errors.push(
            fieldErrors.forbidden(
                rulesPath,
                'restartPolicyRules is not allowed when restartPolicy is Always',
            ),
        );
    }
    if (items(restartPolicyRules).length > restartRulesMax) {
        errors.push(fieldErrors.tooMany(rulesPath, items(restartPolicyRules).length, restartRulesMax));
    }
    return [...errors, ...each(restartPolicyRules, rulesPath, validateRule)];
}

function validateRule({ action, exitCodes }: V1ContainerRestartRule, path: string): FieldError[] {
    const errors = oneOf(action, `${path}.action`, ['Restart', 'RestartAllContainers']);
    if (exitCodes === undefined) {
        return [...errors, fieldErrors.required(`${path}.exitCodes`, 'must be specified')];
    }
    errors.push(...oneOf(exitCodes.operator, `${path}.exitCodes.operator`, ['In', 'NotIn']));
    const count = items(exitCodes.values).length;
    if (count === 0) errors.push(fieldErrors.required(`${path}.exitCodes.values`));
    if (count > exitCodesMax) {
        errors.push(fieldErrors.tooMany(`${path}.exitCodes.values`, count, exitCodesMax));
    }
    return errors;
}
